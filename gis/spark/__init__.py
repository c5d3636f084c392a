"""Past one machine: the same kernel on an Apache Spark cluster, over folders of (Geo)Parquet.

Spark hands out pieces of files to its executors, runs a piece again when a machine fails, and collects the counts.
The files themselves are read and written by Arrow on the executors, because Spark's own writer would drop what makes
GeoParquet of Parquet (its metadata), turn types into its own, and number the files anew: so columns, types,
metadata, file names and the order of rows are those of the input.

========= ==========================================================================
`engine`  `locate_dataset`: the driver's part
`pieces`  what is in the folder, and how it is cut
`worker`  one piece, on an executor; needs numpy, pyarrow, shapely, pyproj and numba
`session` the connection to Spark, and what to say when there is none
========= ==========================================================================
"""

__all__: list[str] = []
