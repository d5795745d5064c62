"""Writers of datasets: one file by its suffix, or a folder in the layout that a toolkit reads."""

from ganrs_jax.export.formats import FORMATS as FORMATS
from ganrs_jax.export.formats import Format as Format
from ganrs_jax.export.formats import check_formats as check_formats
from ganrs_jax.export.formats import check_ids as check_ids
from ganrs_jax.export.formats import write_format as write_format
from ganrs_jax.export.single_file import WRITERS as WRITERS
from ganrs_jax.export.single_file import as_table as as_table
from ganrs_jax.export.single_file import check_suffix as check_suffix
from ganrs_jax.export.single_file import write_dataset as write_dataset
