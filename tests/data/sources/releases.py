"""Tiny releases, one a registered source, each with the same known ratings in its own published format."""

import dataclasses
from pathlib import Path

# user, item, rating, seconds; pair (3, 30) is absent, so that users and items can be told by their counts
ROWS = [(1, 10, 4, 86_400), (1, 20, 5, 172_800), (2, 10, 1, 259_200), (2, 30, 3, 345_600), (3, 20, 2, 432_000)]
U_USER = "1|24|M|technician|85711\n2|53|F|other|94043\n3|23|M|writer|32067\n"
USERS_DAT = "1::M::25::10::48067\n2::F::50::16::70072\n3::M::1::15::55117\n"


@dataclasses.dataclass(frozen=True)
class Release:
    """A published layout: its files, and what reading them must give."""

    files: dict[str, str]
    ratings: tuple[float, ...] = (4, 5, 1, 3, 2)
    demographics: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode())
        return folder


def lines(template: str, rows=ROWS, header: str = "") -> str:
    return header + "".join(template.format(*row) + "\n" for row in rows)


HALVES = [(user, item, rating - 0.5, time) for user, item, rating, time in ROWS]
FEW_STARS = [(user, item, rating / 2 + 0.5, time) for user, item, rating, time in ROWS]
HALF_RATINGS = (3.5, 4.5, 0.5, 2.5, 1.5)
CSV = lines("{},{},{},{}", HALVES, "userId,movieId,rating,timestamp\n")
ANIME = [*ROWS[:2], (1, 30, -1, 0), *ROWS[2:]]
PEOPLE = ("age", "gender")

RELEASES = {
    "ml100k": Release({"ml-100k/u.data": lines("{}\t{}\t{}\t{}"), "ml-100k/u.user": U_USER}, demographics=PEOPLE),
    "ml1m": Release({"ml-1m/ratings.dat": lines("{}::{}::{}::{}"), "ml-1m/users.dat": USERS_DAT}, demographics=PEOPLE),
    "ml10m": Release({"ml-10M100K/ratings.dat": lines("{}::{}::{}::{}", HALVES)}, HALF_RATINGS),
    "ml20m": Release({"ml-20m/ratings.csv": CSV}, HALF_RATINGS),
    "ml25m": Release({"ml-25m/ratings.csv": CSV}, HALF_RATINGS),
    "ml32m": Release({"ml-32m/ratings.csv": CSV}, HALF_RATINGS),
    "ml_latest": Release({"ml-latest/ratings.csv": CSV}, HALF_RATINGS),
    "ml_latest_small": Release({"ml-latest-small/ratings.csv": CSV}, HALF_RATINGS),
    "netflix": Release(
        {
            "netflix/combined_data_1.txt": "10:\n1,4,1970-01-02\n2,1,1970-01-04\n",
            "netflix/combined_data_2.txt": "20:\n1,5,1970-01-03\n3,2,1970-01-06\n30:\n2,3,1970-01-05",
        }
    ),
    "myanimelist": Release({"myanimelist/rating.csv": lines("{},{},{}", ANIME, "user_id,anime_id,rating\n")}),
    "filmtrust": Release({"filmtrust/ratings.txt": lines("{} {} {}", FEW_STARS)}, (2.5, 3, 1, 2, 1.5)),
}


def triples(ratings) -> set:
    return set(
        zip(
            ratings.user_ids[ratings.user].tolist(),
            ratings.item_ids[ratings.item].tolist(),
            ratings.rating.tolist(),
            strict=True,
        )
    )
