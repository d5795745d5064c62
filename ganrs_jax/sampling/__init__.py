"""Drawing under constraints: degrees, potentials, distinct items, search among many."""
