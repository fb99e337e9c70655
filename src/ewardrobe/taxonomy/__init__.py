"""The label sets, and the many-to-one maps between them.

A taxonomy is a data file `data/<name>.json`, a map a data file `data/maps/<source>--<target>.json`; this
room reads and checks them. In every taxonomy a class's index is its position in the file, 0 is the
background and 255 is ignore. A class that carries a dataset's own `category_id` says so beside its index.
"""

from __future__ import annotations

from ewardrobe.taxonomy.classes import IGNORE, LabelClass, Taxonomy, load, names
from ewardrobe.taxonomy.maps import TaxonomyMap, load_map, map_names

__all__ = ["IGNORE", "LabelClass", "Taxonomy", "TaxonomyMap", "load", "load_map", "map_names", "names"]
