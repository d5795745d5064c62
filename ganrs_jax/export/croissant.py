"""Croissant: what a folder of data holds, in words that dataset search and loaders know (JSON-LD).

M. Akhtar et al.: Croissant: A Metadata Format for ML-Ready Datasets. DEEM 2024. Version 1.0 of the format.
"""

import hashlib
from pathlib import Path

import pyarrow as pa

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}  # as the specification has it; validators compare with it
_RECORDS = "ratings"


def croissant(name: str, description: str, file: Path, place: str, schema: pa.Schema) -> dict[str, object]:
    """The description of a dataset of one parquet file, json-ready.

    Args:
      file: the data, as it will stand at `place`, a path relative to the description.
      schema: its columns, whole numbers, fractions or text.
    """
    with open(file, "rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": place,
                "name": place,
                "contentUrl": place,
                "contentSize": f"{file.stat().st_size} B",
                "encodingFormat": "application/x-parquet",
                "sha256": digest,
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": _RECORDS,
                "name": _RECORDS,
                "field": [_field(column, place) for column in schema],
            }
        ],
    }


def _field(column: pa.Field, place: str) -> dict[str, object]:
    whole, fraction = pa.types.is_integer(column.type), pa.types.is_floating(column.type)
    return {
        "@type": "cr:Field",
        "@id": f"{_RECORDS}/{column.name}",
        "name": column.name,
        "dataType": "sc:Integer" if whole else "sc:Float" if fraction else "sc:Text",
        "source": {"fileObject": {"@id": place}, "extract": {"column": column.name}},
    }
