"""Text as people have it: each is read as what it says, or refused; nothing is silently something else."""

import numpy as np
import pandas as pd
import pytest

from ganrs_jax.data.scale import Scale
from ganrs_jax.data.sources import ReadOptions, load_ratings
from tests.data.sources.everyday import CSV, EXPECTED, read
from tests.data.sources.refused import failure
from tests.data.sources.releases import ROWS, lines, triples


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ("007,1,5\n7,1,1\n8,2,3\n", ["007", "7", "8"]),
        ("1e3,1,5\n1000,1,1\n8,2,3\n", ["1000", "1e3", "8"]),
        ("9.780E+12,1,5\n9.78E+12,1,1\n8,2,3\n", ["8", "9.780E+12", "9.78E+12"]),
        ("+7,1,5\n7,1,1\n8,2,3\n", ["+7", "7", "8"]),
        (" 7,1,5\n7,1,1\n8,2,3\n", [" 7", "7", "8"]),
        ("1_0,1,5\n10,1,1\n8,2,3\n", ["10", "1_0", "8"]),
        ("-7,1,5\n7,1,1\n8,2,3\n", ["-7", "7", "8"]),
        ("7.0,1,5\n7,1,1\n8,2,3\n", ["7", "7.0", "8"]),
        (f"{2**63},1,5\n{2**63 - 1},1,1\n8,2,3\n", ["8", str(2**63 - 1), str(2**63)]),
        (f"{2**40},1,5\n10,1,1\n8,2,3\n", [8, 10, 2**40]),
    ],
)
def test_ids_that_differ_as_text_are_different(rows, ids, tmp_path):
    ratings = read(tmp_path, "user_id,item_id,rating\n" + rows)
    assert ratings.user_ids.tolist() == ids
    assert ratings.num_ratings == 3


@pytest.mark.parametrize("token", ["NULL", "NA", "\\N", "nan", "", '""', "None", "  "])
def test_a_missing_id_is_no_user(token, tmp_path):
    text = f"user_id,item_id,rating\n{token},1,5\n{token},2,3\nu2,2,4\nu1,1,2\n"
    (tmp_path / "t.csv").write_text(text)
    message = failure(tmp_path / "t.csv")
    assert "t.csv: row 2: user_id is " in message
    assert "(one of 2 such rows); accepted: a value in every row, or `missing=drop`" in message
    ratings = read(tmp_path, text, missing="drop")
    assert ratings.user_ids.tolist() == ["u1", "u2"]
    assert "2 rows with empty or NULL fields dropped: row 2, row 3" in ratings.notes
    if token.strip(' "'):
        assert read(tmp_path, text, missing="keep").num_users == 3


def test_whole_numbers_are_numbers_also_beside_rows_that_go(tmp_path):
    ratings = read(tmp_path, "user_id,item_id,rating\n1,1,5\n,2,3\n12,2,4\n2,1,2\n", missing="drop")
    assert ratings.user_ids.tolist() == [1, 2, 12]


def test_what_is_unrated_in_the_format_is_dropped_whatever_is_said_of_columns(tmp_path):
    text = lines("{},{},{}", [*ROWS, (3, 30, -1, 0)], "user_id,anime_id,rating\n")
    ratings = read(tmp_path, text, item_column="anime_id")
    assert triples(ratings) == EXPECTED
    assert "1 rows of rating -1 (not rated) dropped" in ratings.notes
    assert read(tmp_path, text, unrated="none").num_ratings == 6


def test_codes_for_not_rated_are_warned_of_and_dropped(tmp_path):
    rows = [(user, item, (7 * user + 3 * item) % 3 and (user + item) % 5 + 1) for user in range(9) for item in range(9)]
    text = "user,item,rating\n" + "".join("{},{},{}\n".format(*row) for row in rows)
    found = read(tmp_path, text)
    assert 'of the ratings: if it means "not rated", `unrated=0` leaves it out' in found.notes[-1]
    left = read(tmp_path, text, unrated="0")
    assert left.scale == Scale(1, 5)
    assert left.num_ratings == sum(row[2] > 0 for row in rows)
    assert read(tmp_path, text.replace(",0\n", ",-1\n"), unrated="0,-1").num_ratings == left.num_ratings


@pytest.mark.parametrize(
    ("early", "late", "seconds"),
    [
        ("2020-01-01T00:00:00.100", "2020-01-01T00:00:00.900", 1577836800.9),
        ("1.1", "1.9", 1.9),
        ("1577836800100", "1577836800900", 1577836800.9),
        ("1577836800000000100", "1577836800000000900", 1577836800.0),
        ("2020-01-01T02:00:00+02:00", "2020-01-01T00:00:00.5Z", 1577836800.5),
        ("2020-01-01", "2020-01-02", 1577923200),
        ("2020-01-01 00:00:00.123456788", "2020-01-01 00:00:00.123456789", 1577836800.123456789),
    ],
)
def test_the_last_rating_is_the_later_one_within_a_second_too(early, late, seconds, tmp_path):
    ratings = read(tmp_path, f"user,item,rating,time\n1,1,5,{late}\n1,1,1,{early}\n2,2,3,{early}\n")
    assert ratings.rating.tolist() == [5, 3]
    assert ratings.timestamp[0] == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_units_of_time_are_found_and_may_be_said(unit, factor, tmp_path):
    rows = "".join(f"{u},{i},{r},{(t + 10**9) * factor}\n" for u, i, r, t in ROWS)
    for options in ({}, {"time_format": unit}):
        ratings = read(tmp_path, "user,item,rating,time\n" + rows, **options)
        assert ratings.timestamp.tolist() == [t + 10**9 for *_, t in ROWS]
        assert ratings.timestamp.dtype == np.int64


def test_ambiguous_times_are_asked_for(tmp_path):
    days = "user,item,rating,date\n1,1,5,03/04/2020\n2,2,3,04/04/2020\n"
    (tmp_path / "t.csv").write_text(days)
    assert "row 2: date is '03/04/2020'" in failure(tmp_path / "t.csv")
    assert read(tmp_path, days, time_format="%d/%m/%Y").timestamp[0] == 1585872000
    assert read(tmp_path, days, time_format="%m/%d/%Y").timestamp[0] == 1583280000
    assert read(tmp_path, days, timestamp_column="none").timestamp is None
    (tmp_path / "t.csv").write_text("user,item,rating,date\n1,1,5,20200403\n2,2,3,20200404\n")
    message = failure(tmp_path / "t.csv")
    assert "date is 20200403, a day or a number of seconds; accepted: `time_format=%Y%m%d` or s" in message
    assert load_ratings(str(tmp_path / "t.csv"), ReadOptions(time_format="%Y%m%d")).timestamp[0] == 1585872000


AMAZON = [("A2CX7LUOHB2NDG", "0321732944", "5.0", "1341100800"), ("A2NWSAGRHCP8N5", "B00004TEZ1", "1.0", "1341100900")]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 2, 3)])
def test_amazons_columns_are_known_by_what_they_hold_and_said(order, tmp_path):
    text = "".join(",".join(row[at] for at in order) + "\n" for row in AMAZON)
    ratings = read(tmp_path, text)
    assert ratings.user_ids.tolist() == sorted(row[0] for row in AMAZON)
    assert "no header line" in ratings.notes[0]
    assert "user = user, item = item" in ratings.notes[0]
    (tmp_path / "t.csv").write_text(text.replace("A2CX7LUOHB2NDG", "0000000017"))
    assert "`columns=user,item,rating`" in failure(tmp_path / "t.csv")


def test_headerless_columns_are_as_said(tmp_path):
    ratings = read(tmp_path, "10,1,x,4\n20,1,x,5\n10,2,x,1\n", columns="item,user,-,rating")
    assert triples(ratings) == {(1, 10, 4.0), (1, 20, 5.0), (2, 10, 1.0)}
    assert "user = user, item = item, rating = rating" in ratings.notes[0]
    (tmp_path / "t.csv").write_text("1,1,x,4\n2,1,x,5\n")
    assert "4 columns, and `columns=user,item,rating` names 3" in failure(
        tmp_path / "t.csv", ReadOptions(columns="user,item,rating")
    )


def test_what_stands_above_a_table_is_told_and_no_rating_is_taken_for_it(tmp_path):
    ratings = read(tmp_path, "# made by hand\nMy ratings\n" + CSV)
    assert triples(ratings) == EXPECTED
    assert "a header line, 2 lines above the table left out" in ratings.notes[0]
    rows = "2,1\n" + lines("{},{},{}")
    (tmp_path / "t.csv").write_text(rows)
    assert "t.csv: row 1 is '2,1'" in failure(tmp_path / "t.csv", ReadOptions(columns="user,item,rating"))
    assert triples(read(tmp_path, "# by hand\n" + lines("{},{},{}"), columns="user,item,rating")) == EXPECTED


def test_equal_ratings_are_refused():
    views = pd.DataFrame([(u, i, 1) for u in range(40) for i in range(30) if (7 * u + 3 * i) % 5 < 2])
    views.columns = ["user", "item", "rating"]
    for options in (ReadOptions(), ReadOptions(scale="0:1:1")):
        assert "every rating is 1, so none is higher than another" in failure(views, options)


def test_ages_in_bands_stand_in_nobodys_way(tmp_path):
    ratings = read(tmp_path, "user,item,rating,age\n1,1,5,18-25\n2,2,3,18-25\n")
    assert ratings.demographics == {}
    assert "age is left out: '18-25' is no number of years" in ratings.notes
    assert "age is left out: '4000' is" in read(tmp_path, "user,item,rating,age\n1,1,5,4000\n2,2,3,20\n").notes[-1]


@pytest.mark.parametrize(
    "header",
    [
        " user_id , item_id , rating , timestamp ",
        "User_ID,movieId,Rating,Timestamp",
        "userId,asin,overall,unixReviewTime",
        "visitorid,itemid,score,time",
        "reviewerID,parent_asin,stars,date",
        "uid,business_id,Score,Time",
        "user,track_id,rating,timestamp",
        "user_id:token,item_id:token,rating:float,timestamp:float",
        "User-ID,ISBN,Book-Rating,time",
    ],
)
def test_columns_have_the_names_that_the_field_gives_them(header, tmp_path):
    ratings = read(tmp_path, lines("{},{},{},{}", ROWS, header + "\n"))
    assert triples(ratings) == EXPECTED
    assert ratings.timestamp.tolist() == [row[3] for row in ROWS]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "::", " "])
def test_separators_are_found(separator, tmp_path):
    ratings = read(tmp_path, CSV.replace(",", separator), "t.csv")
    assert triples(ratings) == EXPECTED


def test_decimal_commas(tmp_path):
    text = "user;item;rating\n1;2;3,5\n2;3;4\n"
    assert read(tmp_path, text).rating.tolist() == [3.5, 4]
    assert "decimal commas" in read(tmp_path, text).notes[0]
    assert "rating is '3,5'" in failure(tmp_path / "t.csv", ReadOptions(decimal="."))


def test_quotes_and_newlines_within_them_however_large_the_file(tmp_path):
    rows = [
        f'u{n % 900},"i, {n // 900}",{n % 5 + 1},"good; very, ""good""\nreally {"x" * (n % 300)}"'
        for n in range(90_000)
    ]
    ratings = read(tmp_path, "user,item,rating,review\n" + "\n".join(rows) + "\n")
    assert (ratings.num_users, ratings.num_items, ratings.num_ratings) == (900, 100, 90_000)
    assert ratings.item_ids[0] == "i, 0"
    (tmp_path / "t.csv").write_text("user,item,rating,review\n" + "\n".join(rows) + "\nu,i\n")
    assert "t.csv: row 180002: 'u,i': 2 columns of 4" in failure(tmp_path / "t.csv")


def test_escaped_quotes(tmp_path):
    text = '"User-ID";"ISBN";"Book-Rating"\n"1";"05216\\"x";"5"\n"2";"03454";"3"\n'
    assert read(tmp_path, text).item_ids.tolist() == ["03454", '05216"x']


def test_a_column_of_stray_quotes(tmp_path):
    text = 'user\titem\trating\na\t5" disc\t5\nb\t"x\t3\nc\ty\t1\n'
    assert '"x' in read(tmp_path, text, "t.tsv", quote="none").item_ids.tolist()


def test_lines_that_end_in_two_ways(tmp_path):
    assert triples(read(tmp_path, CSV.replace("\n", "\r\n", 3))) == EXPECTED
    assert triples(read(tmp_path, CSV.replace("\n", "\r"))) == EXPECTED


def test_bad_rows_go_if_that_is_asked_for_and_are_told(tmp_path):
    text = "user,item,rating\n1,1,4\n2,1\n1,2,good\n2,2,5,6\n2,2,3\n"
    ratings = read(tmp_path, text, bad_rows="drop")
    assert triples(ratings) == {(1, 1, 4.0), (2, 2, 3.0)}
    assert "2 lines that are no rows dropped: row 3, row 5" in ratings.notes
    assert "1 rows with unreadable fields dropped: row 4" in ratings.notes


def test_lines_that_are_no_text_are_dropped_in_every_scan(tmp_path):
    text = b"user,item,rating,time\n1,10,4,\xe2\x82\n2,20,5,9\n3,10,3,7\n1,20,\xef\xbb,8\n4,10,2,soon\n"
    ratings = read(tmp_path, text, missing="drop", bad_rows="drop")
    assert triples(ratings) == {(2, 20, 5.0), (3, 10, 3.0)}


def test_a_strange_name_of_a_column_is_shown_as_one_may(tmp_path):
    (tmp_path / "t.csv").write_text("user,item,\x1b[31mrating,time\n1,1,x,9\n")
    assert failure(tmp_path / "t.csv", ReadOptions(rating_column="\x1b[31mrating")).isprintable()


def test_text_may_be_asked_for(tmp_path):
    assert read(tmp_path, CSV, ids="text").user_ids.tolist() == ["1", "2", "3"]


def test_apostrophes_are_quotes_only_where_they_stand_around_fields(tmp_path):
    rows = "user,item,rating\nu1,{},5\nu1,{},3\nu2,{},2\nu2,{},1\n"
    names = "'Til Dawn", "Rockin'", "'Til Dawn", "Rockin'"
    assert set(read(tmp_path, rows.format(*names)).item_ids) == set(names)
    quoted = rows.replace("u1", "'u1'").replace("u2", "'u2'").format(*["'Til, Dawn'", "'Rockin'"] * 2)
    ratings = read(tmp_path, quoted)
    assert set(ratings.item_ids) == {"Til, Dawn", "Rockin"}
    assert "quotes '" in ratings.notes[0]


def test_a_stray_quote_swallows_no_rows_unsaid(tmp_path):
    tail = "".join(f"u{n}\ti{n % 7}\t{n % 5}\n" for n in range(30))
    text = 'user\titem\trating\nu0\t"x\t3\n' + tail
    ratings = read(tmp_path, text + 'u1\ty"\t3\n' + tail.replace("u", "w"), "t.tsv")
    assert "1 rows go over several lines" in ratings.notes[-1]
    assert "row 2 to 33; `quote=none`" in ratings.notes[-1]
    assert read(tmp_path, text, "t.tsv", quote="none").num_ratings == 31
    ratings = read(tmp_path, "user\titem\trating\n" + tail + 'u0\t"x\t3\n' + tail, "t.tsv", bad_rows="drop")
    assert "31 lines that are no rows dropped: row 32 to 62" in ratings.notes


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "feather"])
def test_an_id_may_go_over_a_line_end(kind, tmp_path):
    frame = pd.DataFrame({"user": ["a\nb", "c"], "item": ["x", "y\n"], "rating": [1, 2]})
    path = tmp_path / f"t.{kind}"
    how = {"csv": {"index": False}, "json": {"orient": "records"}}
    getattr(frame, f"to_{kind}")(path, **how.get(kind, {}))
    for source in (frame, str(path)):
        assert triples(load_ratings(source)) == {("a\nb", "x", 1), ("c", "y\n", 2)}


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [
        ("1577836800.4", "1577836800.1", 1577836800.4),
        ("9999-12-31", "2020-01-01", 253402214400),
        ("9999-12-31T00:00:00.5", "2020-01-01", 253402214400.5),
        ("9999999999.5", "10.0", 9999999999.5),
    ],
)
def test_the_later_time_wins_in_any_century(first, second, seconds, tmp_path):
    filler = second.partition(".")[0] + "\n"
    rows = f"1,1,5,{first}\n1,1,1,{second}\n2,2,3,{filler}3,2,4,{filler}"
    ratings = read(tmp_path, "user,item,rating,timestamp\n" + rows)
    assert ratings.rating[0] == 5
    assert ratings.timestamp[0] == seconds


def test_times_in_two_units_and_days_with_times_are_asked_for(tmp_path):
    rows = "user,item,rating,timestamp\n1,1,5,{}\n1,2,1,{}\n2,2,3,{}\n"
    (tmp_path / "t.csv").write_text(rows.format(1577836900, 1577836800000, 1577836800))
    assert "centuries apart" in failure(tmp_path / "t.csv")
    days = rows.format(20200102030405, 20200102030406, 20200102030407)
    (tmp_path / "t.csv").write_text(days)
    assert "`time_format=%Y%m%d%H%M%S`" in failure(tmp_path / "t.csv")
    assert read(tmp_path, days, time_format="%Y%m%d%H%M%S").timestamp.tolist() == [1577934245, 1577934246, 1577934247]
    (tmp_path / "t.csv").write_text(rows.format("2020-01-01", "2020-01-02", "2020-01-03"))
    assert "`time_format='%Q'`" in failure(tmp_path / "t.csv", ReadOptions(time_format="%Q"))


def test_an_empty_time_is_missing_in_every_format(tmp_path):
    frame = pd.DataFrame({"user": [1, 2, 1], "item": [1, 2, 3], "rating": [5, 3, 2], "timestamp": [None, 9, 8]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for source in (frame, *(str(tmp_path / f"t.{kind}") for kind in ("csv", "parquet", "jsonl"))):
        ratings = load_ratings(source, ReadOptions(missing="drop"))
        assert triples(ratings) == {(2, 2, 3), (1, 3, 2)}


def test_columns_that_are_not_needed_stand_in_nobodys_way():
    frame = pd.DataFrame(
        {"user": [7, "007", 2**70], "item": [1.0, 2.0, 1.0], "rating": [1, 2, 3], "note": [{}, 3j, None]}
    )
    assert load_ratings(frame).user_ids.tolist() == ["007", "1180591620717411303424", "7"]
    unnamed = pd.DataFrame([[1, 2, 3], [2, 3, 4]])
    assert load_ratings(unnamed, ReadOptions(columns="user,item,rating")).item_ids.tolist() == [2, 3]
    people = frame.assign(user=[1.0, 1.0, 2.0], gender=["F", "F", "NA"], age=["20", "20", "NA"])
    found = load_ratings(people).demographics
    assert (found["gender"].tolist(), found["age"].tolist()) == (["F", ""], [20, -1])


def test_lines_above_a_table_may_have_commas(tmp_path):
    assert triples(read(tmp_path, "# exported\n# by, me, today\n" + CSV)) == EXPECTED
    ratings = read(
        tmp_path,
        "%%MatrixMarket matrix coordinate real general\n% users\n1 2 5\n2 3 4\n",
        "t.mtx.txt",
        columns="user,item,rating",
    )
    assert triples(ratings) == {(1, 2, 5), (2, 3, 4)}
    text = "1::10::5::Action|Drama|War|X\n2::11::4::Action|Drama|War|X\n"
    assert read(tmp_path, text, columns="user,item,rating,-").item_ids.tolist() == [10, 11]


def test_a_highest_rating_apart_from_the_others_is_warned_of(tmp_path):
    rows = "".join(f"{u},{i},{1 + (u + i) % 5}\n" for u in range(5) for i in range(5)) + "1,9,99\n"
    assert "rating 99 is apart" in read(tmp_path, "user,item,rating\n" + rows).notes[-1]
    assert read(tmp_path, "user,item,rating\n" + rows, unrated="99").scale == Scale(1, 5)


def test_a_rating_is_no_header_of_a_movie_and_no_remark(tmp_path):
    path = tmp_path / "combined_data_1.txt"
    path.write_text("1:\n10,3,2005-01-01\n11,,\n12,4,2005-01-01\n2:\n10,5,2005-01-02\n")
    assert "row 3: rating is empty" in failure(path)
    path.write_text("a:\n#c,3,2005-01-01\nd,4,2005-01-01\nb:\n#c,5,2005-01-01\n")
    assert triples(load_ratings(str(path))) == {("#c", "a", 3), ("d", "a", 4), ("#c", "b", 5)}
    path.write_text("1:\n10,3,2005-01-01 \n11,4,soon\n2:\n10,5,2005-01-02\n")
    assert triples(load_ratings(str(path), ReadOptions(timestamp_column="none"))) == {
        (10, 1, 3),
        (11, 1, 4),
        (10, 2, 5),
    }
    text = "#a\tx\t1\t5\nb\ty\t2\t6\n#a\ty\t4\t6\n"
    assert triples(read(tmp_path, text, "u.data")) == {("#a", "x", 1), ("b", "y", 2), ("#a", "y", 4)}


def test_rows_of_several_lines_are_told(tmp_path):
    rows = 'u1\ti1\t"Heroes\t5\nu2\ti2\tx\t4\nu3\ti3\tLow"\t3\nu4\ti4\ty\t2\n'
    ratings = read(tmp_path, "user\titem\ttitle\trating\n" + rows, "t.tsv")
    assert "1 rows go over several lines" in ratings.notes[-1]
    assert "row 2 to 4" in ratings.notes[-1]


def test_names_in_the_header_tell_the_separator(tmp_path):
    assert read(tmp_path, "user\titem\trating\nu1\ta,b,c,d\t1\nu2\te,f,g,h\t2\n", "t.tsv").num_ratings == 2
    assert read(tmp_path, CSV, "ratings.dat").num_ratings == len(ROWS)


def test_a_fraction_of_a_second_may_come_late_and_is_kept(tmp_path):
    rows = "".join(f"{n},{n % 7},{n % 5},{1577836800 + n}\n" for n in range(1500)) + "7,9,1,1577836800.25\n"
    ratings = read(tmp_path, "user,item,rating,timestamp\n" + rows)
    assert ratings.timestamp[-1] == 1577836800.25
    assert ratings.timestamp[1400] == 1577836800 + 1400


def test_an_escape_may_come_late(tmp_path):
    text = "".join(f'"{n}";"{n % 9}";"{n % 5}"\n' for n in range(60_000)) + '"7";"a\\"b";"4"\n'
    assert read(tmp_path, '"user";"item";"rating"\n' + text).item_ids[-1] == 'a"b'
