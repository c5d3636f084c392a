"""Files from people that are not trusted, read by a process that can do no harm.

::

    with Sandbox(folder) as sandbox:
        data = sandbox.read_layer("grids.gpkg", limits=ReadLimits(features=20_000, memory_mb=2048, cpu_s=60))

The reader is a forked process of its own for each file: one GDAL driver, a system user of its own where we are root,
no files but the one it reads, no network, no programs, so much memory and so many seconds and no more. It hands back
plain columns (Arrow) and words (JSON), which are looked at before they are believed.

============ =====================================================================
`client`     the caller's side: prepares a job, waits, takes the answer apart
`zygote`     a process with the libraries loaded, that forks a reader for each job
`confine`    what a reader gives up before it looks at a file
`tasks`      what a reader does
`messages`   how both sides write to one another
============ =====================================================================
"""

from gis.sandbox.client import Cancellation, Cancelled, Sandbox, SandboxFailed, Unconfined
from gis.sandbox.folders import make_folder, sweep_folders
from gis.sandbox.replacement import Replacement

__all__ = [
    "Cancellation",
    "Cancelled",
    "Replacement",
    "Sandbox",
    "SandboxFailed",
    "Unconfined",
    "make_folder",
    "sweep_folders",
]
