"""Every named source."""

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources import formats, netflix
from ganrs_jax.data.sources.fetch import Archive, Wheel
from ganrs_jax.data.sources.formats import Format
from ganrs_jax.data.sources.locate import Source
from ganrs_jax.data.sources.planted import SCALE, planted

_GROUPLENS = "https://files.grouplens.org/datasets/movielens"
_RECBOLE = Wheel(
    "recbole==1.2.1",
    (
        (
            "recbole/dataset_example/ml-100k/ml-100k.user",
            "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
        ),
        (
            "recbole/dataset_example/ml-100k/ml-100k.inter",
            "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
        ),
    ),
)


_LICENCE = (
    "research use only; cite Harper and Konstan 2015 (doi 10.1145/2827872); no redistribution and no commercial use "
    "without permission; in full: "
)


def _movielens(
    size: str, layout: Format, *, md5: str = "", people: str = "", folder: str = "", scale: Scale = formats.HALF_STARS
) -> Source:
    """A GroupLens release as its zip file names it, "100k" or "latest-small"; md5 "" where it changes over time."""
    name = f"ml{size}" if size[0].isdigit() else "ml_" + size.replace("-", "_")
    folder = folder or f"ml-{size}"
    url = f"{_GROUPLENS}/ml-{size}.zip"
    members = tuple(f"{folder}/{file}" for file in (people, layout.pattern) if file)
    return Source(
        name=name,
        title=f"MovieLens {size.upper() if size[0].isdigit() else size}",
        scale=scale,
        formats=(layout, formats.INTER) if layout is formats.U_DATA else (layout,),
        folders=tuple(dict.fromkeys((folder, f"ml-{size}", name))),
        offers=(Archive(url, md5, members), _RECBOLE) if layout is formats.U_DATA else (Archive(url, md5, members),),
        licence=f"{_LICENCE}{_GROUPLENS}/ml-{size}-README.{'txt' if people else 'html'}",
        obtain=f"Unpack {url} in the data folder (GANRS_DATA_DIR), or give `source_path`",
    )


_ALL = (
    _movielens(
        "100k",
        formats.U_DATA,
        md5="0e33842e24a9c977be4e0107933c0723",
        people="u.user",
        scale=formats.WHOLE_STARS,
    ),
    _movielens(
        "1m",
        formats.RATINGS_DAT,
        md5="c4d9eecfca2ab87c1945afe126590906",
        people="users.dat",
        scale=formats.WHOLE_STARS,
    ),
    _movielens("10m", formats.RATINGS_DAT, md5="ce571fd55effeba0271552578f2648bd", folder="ml-10M100K"),
    _movielens("20m", formats.RATINGS_CSV, md5="cd245b17a1ae2cc31bb14903e1204af3"),
    _movielens("25m", formats.RATINGS_CSV, md5="6b51fb2759a8657d3bfcbfc42b592ada"),
    _movielens("32m", formats.RATINGS_CSV, md5="d472be332d4daa821edc399621853b57"),
    _movielens("latest", formats.RATINGS_CSV),
    _movielens("latest-small", formats.RATINGS_CSV),
    Source(
        name="netflix",
        title="Netflix Prize",
        scale=formats.WHOLE_STARS,
        formats=(netflix.COMBINED, netflix.PER_MOVIE),
        folders=("netflix", "netflix-prize-data", "netflix/training_set", "training_set", "download/training_set"),
        obtain="Get it at https://www.kaggle.com/datasets/netflix-inc/netflix-prize-data and put combined_data_*.txt "
        "in the data folder (GANRS_DATA_DIR) under netflix/, or give `source_path`",
    ),
    Source(
        name="myanimelist",
        title="MyAnimeList ratings",
        scale=formats.ANIME_SCALE,
        unrated=formats.SEEN,
        formats=(formats.ANIME, formats.ANIME_RATINGS),
        folders=("myanimelist", "anime"),
        obtain="Get it at https://www.kaggle.com/datasets/CooperUnion/anime-recommendations-database and put "
        "rating.csv in the data folder (GANRS_DATA_DIR) under myanimelist/, or give `source_path`",
    ),
    Source(
        name="filmtrust",
        title="FilmTrust",
        scale=formats.FILMTRUST_SCALE,
        formats=(formats.FILMTRUST,),
        folders=("filmtrust", "FilmTrust"),
        obtain="Get it at https://guoguibing.github.io/librec/datasets.html and put ratings.txt "
        "in the data folder (GANRS_DATA_DIR) under filmtrust/, or give `source_path`",
    ),
    Source(name="planted", title="planted latent-factor world", scale=SCALE, make=planted),
)
SOURCES: dict[str, Source] = {source.name: source for source in _ALL}
