"""Trains plan energies on exemplar datasets: the converged plan of a situation against its earlier versions."""
