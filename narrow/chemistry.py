"""Narrow AI `chemistry`: properties and similarity of molecules given as SMILES, computed by RDKit. MCP over stdio.

    .venv-narrow/bin/python narrow/chemistry.py
"""

from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field
from rdkit import Chem, DataStructs, RDLogger
from rdkit.Chem import Crippen, Descriptors, Lipinski, rdFingerprintGenerator, rdMolDescriptors

LONGEST = 2_000  # characters

# what RDKit finds wrong is answered, not logged
RDLogger.DisableLog("rdApp.*")

server = MCPServer("chemistry", log_level="ERROR")

Smiles = Annotated[str, Field(description="A molecule in SMILES, such as CC(=O)Oc1ccccc1C(=O)O for aspirin.")]


class Properties(BaseModel):
    """Mass in g/mol, areas in square angstroms."""

    smiles: str = Field(description="canonical form")
    formula: str
    molecular_weight: float = Field(description="average isotopic masses")
    exact_mass: float = Field(description="most abundant isotopes")
    logp: float = Field(description="octanol-water partition coefficient, estimated (Wildman and Crippen 1999)")
    tpsa: float = Field(description="topological polar surface area (Ertl 2000)")
    hbond_donors: int
    hbond_acceptors: int
    rotatable_bonds: int
    rings: int
    aromatic_rings: int
    lipinski_violations: list[str] = Field(description="of the rule of five: weight over 500, logP over 5, donors over 5, acceptors over 10")


@server.tool()
def properties(smiles: Smiles) -> Properties:
    """Formula, weight, estimated logP, polar surface area, hydrogen bonds, rings and Lipinski's rule of five for a molecule."""
    molecule = parsed(smiles, "smiles")
    weight, logp = Descriptors.MolWt(molecule), Crippen.MolLogP(molecule)
    donors, acceptors = Lipinski.NumHDonors(molecule), Lipinski.NumHAcceptors(molecule)
    broken = {"molecular weight over 500": weight > 500, "logP over 5": logp > 5, "more than 5 donors": donors > 5, "more than 10 acceptors": acceptors > 10}
    return Properties(
        smiles=Chem.MolToSmiles(molecule),
        formula=rdMolDescriptors.CalcMolFormula(molecule),
        molecular_weight=round(weight, 3),
        exact_mass=round(Descriptors.ExactMolWt(molecule), 5),
        logp=round(logp, 3),
        tpsa=round(rdMolDescriptors.CalcTPSA(molecule), 2),
        hbond_donors=donors,
        hbond_acceptors=acceptors,
        rotatable_bonds=rdMolDescriptors.CalcNumRotatableBonds(molecule),
        rings=rdMolDescriptors.CalcNumRings(molecule),
        aromatic_rings=rdMolDescriptors.CalcNumAromaticRings(molecule),
        lipinski_violations=[rule for rule, is_broken in broken.items() if is_broken],
    )


class Similarity(BaseModel):
    tanimoto: float = Field(description="of Morgan fingerprints of radius 2 and 2048 bits; 1 for equal ones")
    same_molecule: bool


@server.tool()
def similarity(first: Smiles, second: Smiles) -> Similarity:
    """How alike two molecules are."""
    molecules = [parsed(first, "first"), parsed(second, "second")]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(molecule) for molecule in molecules]
    one, other = (Chem.MolToSmiles(molecule) for molecule in molecules)
    return Similarity(tanimoto=round(DataStructs.TanimotoSimilarity(*prints), 4), same_molecule=one == other)


def parsed(smiles: str, field: str) -> Chem.Mol:
    if not smiles.strip() or len(smiles) > LONGEST:
        raise ToolError(f"{field}: 1 to {LONGEST} characters (has {len(smiles)})")
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise ToolError(f"{field}: no valid SMILES")
    return molecule


if __name__ == "__main__":
    server.run()
