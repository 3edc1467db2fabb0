"""Items and statements in Wikidata's model, as Turtle."""

import math
import re
from collections.abc import Iterable

PREFIXES = """@prefix : <urn:exemplar:> .
@prefix u: <urn:exemplar:unit:> .
@prefix s: <urn:exemplar:source:> .
@prefix r: <urn:exemplar:reference:> .
@prefix xp: <urn:exemplar:claim:> .
@prefix xs: <urn:exemplar:statement:> .
@prefix xv: <urn:exemplar:value:> .
@prefix xq: <urn:exemplar:qualifier:> .
@prefix xt: <urn:exemplar:direct:> .
@prefix wd: <http://www.wikidata.org/entity/> .
@prefix p: <http://www.wikidata.org/prop/> .
@prefix ps: <http://www.wikidata.org/prop/statement/> .
@prefix psv: <http://www.wikidata.org/prop/statement/value/> .
@prefix pr: <http://www.wikidata.org/prop/reference/> .
@prefix wdt: <http://www.wikidata.org/prop/direct/> .
@prefix wikibase: <http://wikiba.se/ontology#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <http://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""

# name used below: (Wikidata's number or None, label, other names)
PROPERTIES = {
    "instance of": ("P31", "instance of", ["type", "kind"]),
    "symbol": ("P246", "element symbol", ["symbol", "chemical symbol"]),
    "atomic number": ("P1086", "atomic number", ["proton number"]),
    "mass": ("P2067", "mass", ["atomic mass", "atomic weight", "molar mass", "molecular weight", "weight"]),
    "density": ("P2054", "density", []),
    "melting point": ("P2101", "melting point", ["melting temperature", "freezing point", "fusion point"]),
    "boiling point": ("P2102", "boiling point", ["boiling temperature"]),
    "electronegativity": ("P1108", "electronegativity", ["Pauling electronegativity"]),
    "thermal conductivity": ("P2068", "thermal conductivity", ["heat conductivity"]),
    "specific heat": (None, "specific heat capacity", ["specific heat", "heat capacity"]),
    "heat of fusion": (None, "molar heat of fusion", ["heat of fusion", "enthalpy of fusion"]),
    "heat of vaporization": (None, "molar heat of vaporization", ["heat of vaporization", "enthalpy of vaporization", "heat of evaporation"]),
    "lattice": (None, "crystal lattice", ["crystal structure", "lattice structure"]),
    "crust": (None, "abundance in the Earth's crust", ["crustal abundance", "abundance"]),
    "ionization": (None, "first ionization energy", ["ionization energy", "ionisation energy"]),
    "abundance": ("P2374", "natural abundance", ["isotopic abundance"]),
    "half-life": ("P2114", "half-life", ["half life"]),
    "isotope of": (None, "isotope of", []),
    "formula": ("P274", "chemical formula", ["formula", "molecular formula"]),
    "CAS": ("P231", "CAS Registry Number", ["CAS number"]),
    "PubChem": ("P662", "PubChem CID", []),
    "flash point": ("P2128", "flash point", []),
    "autoignition": ("P2199", "autoignition temperature", ["ignition temperature"]),
    "LFL": ("P2202", "lower flammable limit", ["lower explosive limit"]),
    "UFL": ("P2203", "upper flammable limit", ["upper explosive limit"]),
    "numeric value": ("P1181", "numeric value", ["value"]),
    "capital": ("P36", "capital", ["capital city"]),
    "continent": ("P30", "continent", []),
    "population": ("P1082", "population", ["inhabitants", "number of people"]),
    "area": ("P2046", "area", ["surface area"]),
    "currency": ("P38", "currency", ["money"]),
    "neighbour": ("P47", "shares border with", ["neighbours", "neighbors", "borders", "bordering countries"]),
    "ISO 2": ("P297", "ISO 3166-1 alpha-2 code", ["country code"]),
    "ISO 3": ("P298", "ISO 3166-1 alpha-3 code", []),
    "calling code": ("P474", "country calling code", ["calling code", "dialling code", "phone prefix"]),
    "country": ("P17", "country", []),
    "latitude": (None, "latitude", ["coordinates", "location"]),
    "longitude": (None, "longitude", ["coordinates", "location"]),
    "time zone": ("P421", "located in time zone", ["time zone", "timezone"]),
    "encodes": (None, "encodes", ["amino acid", "codes for"]),
    "codon": (None, "encoded by", ["codon", "codons"]),
    "one-letter": (None, "one-letter code", []),
    "three-letter": (None, "three-letter code", []),
    "residue mass": (None, "residue mass", []),
    # the properties of written.tsv
    "elastic modulus": (None, "elastic modulus", ["Young's modulus", "modulus of elasticity", "stiffness"]),
    "thermal expansion": (None, "coefficient of linear thermal expansion", ["thermal expansion", "expansion coefficient"]),
    "yield strength": (None, "yield strength", []),
    "compressive strength": (None, "compressive strength", []),
    "speed of sound": ("P2075", "speed of sound", ["sound velocity"]),
    "viscosity": (None, "dynamic viscosity", ["viscosity"]),
    "energy density": (None, "specific energy", ["energy density", "heating value", "energy content"]),
    "latent heat of fusion": (None, "specific latent heat of fusion", ["latent heat of fusion"]),
    "latent heat of vaporization": (None, "specific latent heat of vaporization", ["latent heat of vaporization"]),
    "amount": (None, "usual amount", ["amount", "need", "requirement", "typical value"]),
    "lowest": (None, "lower limit", ["minimum", "at least"]),
    "highest": (None, "upper limit", ["maximum", "limit", "at most"]),
    "radius": ("P2120", "radius", ["mean radius"]),
    "gravity": (None, "surface gravity", ["gravity", "gravitational acceleration"]),
    "orbital period": ("P2146", "orbital period", ["year"]),
    "rotation": ("P2147", "rotation period", ["day length"]),
    "distance": (None, "mean distance from the Sun", ["distance from the sun", "semi-major axis"]),
    "elevation": ("P2044", "elevation above sea level", ["height", "elevation", "altitude"]),
    "length": ("P2043", "length", []),
    "lifespan": (None, "maximum recorded lifespan", ["lifespan", "life span", "longevity"]),
    "chromosomes": (None, "diploid chromosome number", ["chromosomes", "number of chromosomes"]),
    "genome": (None, "genome size", ["genome length"]),
}

UNITS = {
    "1": "", "K": "K", "g/mol": "g/mol", "u": "u", "g/cm3": "g/cm³", "kg/m3": "kg/m³", "kJ/mol": "kJ/mol", "W/(m K)": "W/(m·K)",
    "J/(kg K)": "J/(kg·K)", "eV": "eV", "mg/kg": "mg/kg", "%": "%", "km2": "km²", "deg": "°", "s": "s", "h": "h", "d": "d", "a": "a",
    "GPa": "GPa", "MPa": "MPa", "1e-6/K": "10⁻⁶/K", "m/s": "m/s", "mPa s": "mPa·s", "MJ/kg": "MJ/kg", "kJ/kg": "kJ/kg",
    "L/d": "L/d", "L": "L", "kcal/d": "kcal/d", "degC": "°C", "1/min": "1/min", "g/L": "g/L", "mmol/L": "mmol/L", "mmHg": "mmHg", "ppm": "ppm",
    "min": "min", "m2": "m²", "km": "km", "m/s2": "m/s²", "m": "m", "Mbp": "Mbp", "dB": "dB", "W": "W", "kg": "kg",
}


def text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """A decimal literal, in plain digits; doubles for very large and very small ones."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if 1e-6 < abs(value) < 1e15:
        return format(value, ".12g") if "e" not in format(value, ".12g") else format(value, ".12f").rstrip("0")
    return f"{value!r}" if "e" in f"{value!r}" else f"{value:e}"


def slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


class Facts:
    """Items and their statements, written in the order in which they came."""

    def __init__(self) -> None:
        self.items: dict[str, list[str]] = {}
        self.names: dict[str, set[str]] = {}
        self.sources: dict[str, tuple[str, str]] = {}
        self.used_units: set[str] = set()
        self.used_properties: set[str] = set()

    def source(self, key: str, label: str, url: str) -> str:
        self.sources[key] = (label, url)
        return key

    def item(self, label: str, description: str, aliases: Iterable[str] = (), suffix: str = "") -> str:
        key = slug(label + suffix)
        if key in self.items:
            raise SystemExit(f"two items are called {key}")
        others = sorted({alias for alias in aliases if alias and alias != label})
        lines = [f"rdfs:label {text(label)}@en", f"schema:description {text(description)}@en"]
        if others:
            lines.append("skos:altLabel " + ", ".join(f"{text(alias)}@en" for alias in others))
        self.items[key] = lines
        return key

    def quantity(self, item: str, name: str, value: float, unit: str, source: str, **qualifiers: str) -> None:
        if value is None or not math.isfinite(value):
            return
        self.used_units.add(unit)
        amount = number(value)
        inner = f"wikibase:quantityAmount {amount} ; wikibase:quantityUnit u:{slug_of_unit(unit)}"
        self.statement(item, name, amount, source, inner, qualifiers)

    def string(self, item: str, name: str, value: str, source: str) -> None:
        if value:
            self.statement(item, name, text(value), source, None, {})

    def link(self, item: str, name: str, other: str, source: str) -> None:
        self.statement(item, name, f":{other}", source, None, {})

    def statement(self, item: str, name: str, value: str, source: str, inner: str | None, qualifiers: dict[str, str]) -> None:
        self.used_properties.add(name)
        _, claim, statement, node, direct = terms(name)
        parts = [f"{statement} {value}"]
        if inner is not None:
            parts.append(f"{node} [ {inner} ]")
        parts += [f"xq:{slug(QUALIFIERS[key])} {text(told)}" for key, told in qualifiers.items() if told]
        parts.append(f"wikibase:rank wikibase:NormalRank ; prov:wasDerivedFrom r:{source}")
        self.items[item].append(f"{claim} [ {' ; '.join(parts)} ] ; {direct} {value}")

    def turtle(self) -> str:
        out = ["# Made by build.py; SOURCES.md names sources and licences.", PREFIXES]
        for name in sorted(self.used_properties):
            local, claim, statement, node, direct = terms(name)
            _, label, aliases = PROPERTIES[name]
            also = f" ; skos:altLabel {', '.join(text(alias) + '@en' for alias in aliases)}" if aliases else ""
            out.append(f"{local} a wikibase:Property ; rdfs:label {text(label)}@en{also} ; wikibase:claim {claim} ; wikibase:statementProperty {statement} ; "
                       f"wikibase:statementValue {node} ; wikibase:directClaim {direct} .")
        for label in QUALIFIERS.values():
            out.append(f":property-{slug(label)} a wikibase:Property ; rdfs:label {text(label)}@en ; wikibase:qualifier xq:{slug(label)} .")
        for unit in sorted(self.used_units):
            out.append(f"u:{slug_of_unit(unit)} rdfs:label {text(UNITS[unit])}@en .")
        for key, (label, url) in sorted(self.sources.items()):
            out.append(f"s:{key} rdfs:label {text(label)}@en ; schema:url <{url}> .\nr:{key} pr:P248 s:{key} .")
        for key, lines in self.items.items():
            out.append(f":{key} " + " ;\n  ".join(lines) + " .")
        return "\n".join(out) + "\n"


QUALIFIERS = {"conditions": "conditions", "uncertainty": "standard uncertainty"}


def slug_of_unit(unit: str) -> str:
    """Keeps the case: S and s are two units."""
    spelled = unit.replace("/", " per ").replace("%", "percent").replace("^-", " to minus ")
    return re.sub(r"[^A-Za-z0-9]+", "-", spelled).strip("-")


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def pretty(unit: str) -> str:
    """CODATA's spelling, such as m^3 kg^-1 s^-2, with raised exponents."""
    return re.sub(r"\^(-?\d+)", lambda match: match[1].translate(SUPERSCRIPTS), unit).replace(" ", "·")


def terms(name: str) -> tuple[str, str, str, str, str]:
    number_, label, _ = PROPERTIES[name]
    if number_ is not None:
        return tuple(f"{prefix}:{number_}" for prefix in ("wd", "p", "ps", "psv", "wdt"))
    key = slug(label)
    return f":property-{key}", f"xp:{key}", f"xs:{key}", f"xv:{key}", f"xt:{key}"
