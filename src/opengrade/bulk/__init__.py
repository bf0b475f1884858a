"""Many models at once: tables of components in place of graphs, graded by a relational engine."""
