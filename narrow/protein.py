"""Narrow AI `protein`: properties that follow from an amino-acid sequence, computed by Biopython's ProtParam. MCP over stdio.

    .venv-narrow/bin/python narrow/protein.py
"""

from typing import Annotated

from Bio.SeqUtils.ProtParam import ProteinAnalysis
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
LONGEST = 40_000  # residues: titin, the longest known protein, has about 35,000

server = MCPServer("protein", log_level="ERROR")

Sequence = Annotated[str, Field(description="One-letter codes of the 20 standard amino acids, such as GIVEQCCTSICSLYQLENYCN; spaces are left out.")]


class Properties(BaseModel):
    """Masses in g/mol; extinction coefficients in L/(mol cm) at 280 nm; fractions of 1."""

    residues: int
    molecular_weight: float = Field(description="average isotopic masses, without disulfide bonds")
    isoelectric_point: float
    charge_at_ph7: float
    instability_index: float | None = Field(description="above 40: probably unstable in vitro (Guruprasad 1990); null below two residues")
    gravy: float = Field(description="grand average of hydropathy (Kyte and Doolittle 1982)")
    aromaticity: float
    extinction_reduced: int = Field(description="all cysteines reduced")
    extinction_disulfide: int = Field(description="all pairs of cysteines as disulfide bonds")
    helix_fraction: float = Field(description="share of residues that prefer helices")
    turn_fraction: float
    sheet_fraction: float


@server.tool()
def properties(sequence: Sequence) -> Properties:
    """Molecular weight, isoelectric point, charge, instability index, hydropathy, extinction coefficients and shares of secondary structure of a protein."""
    residues = checked(sequence)
    protein = ProteinAnalysis(residues)
    helix, turn, sheet = protein.secondary_structure_fraction()
    reduced, disulfide = protein.molar_extinction_coefficient()
    return Properties(
        residues=len(residues),
        molecular_weight=round(protein.molecular_weight(), 2),
        isoelectric_point=round(protein.isoelectric_point(), 2),
        charge_at_ph7=round(protein.charge_at_pH(7.0), 2),
        instability_index=round(protein.instability_index(), 2) if len(residues) > 1 else None,
        gravy=round(protein.gravy(), 3),
        aromaticity=round(protein.aromaticity(), 3),
        extinction_reduced=reduced,
        extinction_disulfide=disulfide,
        helix_fraction=round(helix, 3),
        turn_fraction=round(turn, 3),
        sheet_fraction=round(sheet, 3),
    )


@server.tool()
def composition(sequence: Sequence) -> dict[str, int]:
    """How often each amino acid occurs in a protein, by one-letter code."""
    return {letter: count for letter, count in sorted(ProteinAnalysis(checked(sequence)).count_amino_acids().items()) if count > 0}


def checked(sequence: str) -> str:
    residues = "".join(sequence.split()).upper()
    if not residues or len(residues) > LONGEST:
        raise ToolError(f"sequence: 1 to {LONGEST} residues (has {len(residues)})")
    unknown = sorted(set(residues) - set(LETTERS))
    if unknown:
        raise ToolError(f"sequence: {', '.join(unknown)[:60]} stands for no standard amino acid; allowed are {LETTERS}")
    return residues


if __name__ == "__main__":
    server.run()
