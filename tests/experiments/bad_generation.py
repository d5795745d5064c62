"""What `generate` refuses."""

from ganrs_jax.checkpoint import FORMAT_VERSION

MAKE = ("generate", "--generator=generator", "--out=out.csv", "--num_samples=1000", "--num_users=10", "--num_items=10")
PROFILE = ("generate", "--generator=profile", "--out=out.csv", "--num_users=20", "--num_items=20")

# the command, and what its one line must hold
CASES: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "unknown flag of generate": ((*MAKE, "--users=3"), ["unknown flag --users", "--num_users"]),
    "preset without value": (("generate", "--preset"), ["--preset; accepted: small"]),
    "a part of processes": (
        (*PROFILE, "--num_shards=2", "--shard=0", "--coordinator=127.0.0.1:1234"),
        ["--shard=0 --coordinator=127.0.0.1:1234; accepted: one of them"],
    ),
    "more parts than names": ((*PROFILE, "--num_shards=100000"), ["--num_shards=100000; accepted: at most 99,999"]),
    "port of nobody": (
        (*PROFILE, "--num_shards=2", "--out=parts", "--coordinator=127.0.0.1:0"),
        ["--coordinator=127.0.0.1:0; accepted: HOST:PORT of process 0, port 1 to 65535, or auto"],
    ),
    "port over the last": (
        (*PROFILE, "--num_shards=2", "--out=parts", "--coordinator=127.0.0.1:65536"),
        ["--coordinator=127.0.0.1:65536; accepted: HOST:PORT of process 0, port 1 to 65535, or auto"],
    ),
    "generate into a device": ((*MAKE, "--workdir=/dev/null"), ["cannot be written: /dev/null is a file"]),
    "no generator flag": (("generate", "--out=out.csv"), ["--generator is missing; accepted: --generator=FOLDER"]),
    "no out flag": (("generate", "--generator=generator"), ["--out is missing; accepted:", "--out=FILE.parquet"]),
    "generator absent": (
        (*MAKE, "--generator=absent"),
        ["absent: no such folder", "a generator that was saved"],
    ),
    "generator is a file": ((*MAKE, "--generator=afile"), ["afile: no such folder"]),
    "generator is a run": ((*MAKE, "--generator=."), ["not a generator, or cut short: no readable manifest.json"]),
    "generator empty": ((*MAKE, "--generator=nothing"), ["nothing: not a generator, or cut short"]),
    "generator cut short": ((*MAKE, "--generator=cut"), ["cut: orbax/", "is altered or cut short; copy"]),
    "generator in part": ((*MAKE, "--generator=part"), ["part: orbax/", "is missing; copy the generator again"]),
    "generator unsigned": ((*MAKE, "--generator=unsigned"), ["unsigned: orbax/", "is not in its manifest.json"]),
    "generator of the future": (
        (*MAKE, "--generator=newer"),
        [f"newer: format version 999, this version reads {FORMAT_VERSION}; train it again with `train_generator`"],
    ),
    "unknown suffix": ((*MAKE, "--out=out.xlsx"), ["--out=out.xlsx: suffix '.xlsx'; accepted: .parquet, .csv"]),
    "no suffix": ((*MAKE, "--out=out"), ["--out=out: suffix ''; accepted: .parquet, .csv"]),
    "out under a file": ((*MAKE, "--out=afile/out.csv"), ["afile/out.csv: cannot be written: afile is a file"]),
    "out in the system": ((*MAKE, "--out=/proc/out.csv"), ["/proc/out.csv: cannot be written"]),
    "out is a folder": ((*MAKE, "--out=folder.csv"), ["folder.csv is a folder; accepted: a file name"]),
    "out ends as a folder": ((*MAKE, "--out=new.csv/"), ["--out=new.csv/ is a folder; accepted: a file name"]),
    "format of nobody": (
        (*MAKE, "--out=new", "--format=csv,x"),
        ["--format=x; accepted: parquet, csv, movielens_100k, movielens_1m, movielens_25m, recbole, lenskit,"],
    ),
    "no format": ((*MAKE, "--out=new", "--format="), ["--format=; accepted: parquet, csv,"]),
    "format twice": (
        (*MAKE, "--out=new", "--format=csv,csv"),
        ["--format=csv,csv: csv is named twice; accepted: each format once"],
    ),
    "formats in a file": ((*MAKE, "--format=csv"), ["--out=out.csv is a file; accepted with --format: a folder"]),
    "formats in an old file": (
        (*MAKE, "--out=afile", "--format=csv"),
        ["--out=afile is a file; accepted with --format: a folder"],
    ),
    "formats in parts": (
        (*PROFILE, "--out=new", "--format=csv,recbole", "--num_shards=2"),
        ["--format=csv,recbole --num_shards=2; accepted: one of the two"],
    ),
    "no users": ((*MAKE, "--num_users=0"), ["--num_users=0; accepted: 1 to"]),
    "negative items": ((*MAKE, "--num_items=-3"), ["--num_items=-3; accepted: 1 to"]),
    "no samples": ((*MAKE, "--num_samples=0"), ["--num_samples=0; accepted: 1 to"]),
    "too many samples": ((*MAKE, "--num_samples=3000000000"), ["--num_samples=3000000000; accepted: 1 to 2147483647"]),
    "no noise": ((*MAKE, "--sigma=0"), ["--sigma=0; accepted: a finite number over 0"]),
    "negative noise": ((*MAKE, "--sigma=-1"), ["--sigma=-1; accepted: a finite number over 0"]),
    "nan noise": ((*MAKE, "--sigma=nan"), ["--sigma=nan; accepted: a finite number over 0"]),
    "infinite noise": ((*MAKE, "--sigma=inf"), ["--sigma=inf; accepted: a finite number over 0"]),
    "negative samples": ((*MAKE, "--num_samples=-1"), ["--num_samples=-1; accepted: 1 to 2147483647"]),
    "negative samples alone": (
        ("generate", "--generator=generator", "--out=out.csv", "--num_samples=-1"),
        ["--num_samples=-1; accepted: 1 to 2147483647"],
    ),
    "users of the source over samples": (
        ("generate", "--generator=generator", "--out=out.csv", "--num_samples=10"),
        ["cannot be filled by --num_samples=10; accepted: --num_users=10 with --num_items=10, or --num_samples=80"],
    ),
    "samples over memory": ((*MAKE, "--num_samples=2000000000"), ["--num_samples=2000000000 needs about 372.5 GiB"]),
    "users over samples": (
        (*MAKE, "--num_users=1001"),
        ["--num_users=1001 cannot be filled by --num_samples=1000; accepted: --num_users=1000, or --num_samples=1001"],
    ),
    "items over samples": ((*MAKE, "--num_items=1001"), ["--num_items=1001 cannot be filled by --num_samples=1000"]),
    "seed of a dataset": ((*MAKE, "--seed=-1"), ["--seed=-1; accepted: 0 to 4294967295"]),
    "groups of ganrs": (
        (*MAKE, "--group_shares=F=1"),
        ["--group_shares=F=1: recipe ganrs does not take it; accepted: recipe profile, cganrs"],
    ),
    "shares malformed": ((*MAKE, "--group_shares=F:0.5"), ["--group_shares=F:0.5; accepted: NAME=SHARE,NAME=SHARE"]),
    "shares of text": ((*MAKE, "--group_shares=F=half"), ["--group_shares=F=half; accepted: NAME=SHARE"]),
    "share of nan": ((*MAKE, "--group_shares=F=nan"), ["--group_shares=F=nan; accepted: NAME=SHARE"]),
    "shares twice": ((*MAKE, "--group_shares=F=0.5,F=0.5"), ["--group_shares=F=0.5,F=0.5; accepted: NAME=SHARE"]),
    "cold users of all": ((*PROFILE, "--cold_users=1"), ["--cold_users=1 is no share; accepted: 0 to 1, 1 left out"]),
    "cold range backwards": (
        (*PROFILE, "--cold_items=0.2", "--cold_item_ratings=9:2"),
        ["--cold_item_ratings=9:2 is no range; accepted: LEAST:MOST"],
    ),
    "cold range over the others": (
        (*PROFILE, "--cold_users=0.2", "--cold_items=0.5", "--cold_user_ratings=2:12"),
        ["--cold_user_ratings=2:12: 10 items are not cold; accepted: at most 10"],
    ),
    "cold of ganrs": ((*MAKE, "--cold_users=0.2"), ["--cold_users=0.2: recipe ganrs does not take it"]),
    "a gini that sizes cannot have": (
        (*PROFILE, "--num_ratings=390", "--activity=gini:0.6"),
        ["--activity=gini:0.6: with 1 to 20 ratings for each user, 390 ratings of 20 users have Gini"],
    ),
    "shares of a whole": ((*MAKE, "--generator=groups", "--group_shares=F=0.5,M=0.6"), ["F, M", "summing to 1"]),
    "shares of others": (
        (*MAKE, "--generator=groups", "--group_shares=F=0.5,X=0.5"),
        ["F=0.5, X=0.5", "shares of F"],
    ),
    "laws of ganrs": (
        (*MAKE, "--activity=power:1"),
        ["--activity=power:1: recipe ganrs does not take it; accepted: recipe profile"],
    ),
    "ratings of ganrs": (
        ("generate", "--generator=generator", "--out=out.csv", "--num_ratings=1000"),
        ["--num_ratings=1000: recipe ganrs does not take it; accepted: recipe profile"],
    ),
    "histogram of cganrs": (
        (*MAKE, "--generator=groups", "--rating_histogram=0,0,0,0,1"),
        ["--rating_histogram=0,0,0,0,1: recipe cganrs does not take it; accepted: recipe profile"],
    ),
    "groups of profile": (
        (*PROFILE, "--group_shares=F=1"),
        ["--group_shares=F=1: the generator knows no groups; accepted: of one that was trained to know"],
    ),
    "ids of ganrs": (
        (*MAKE, "--item_ids=source"),
        ["--item_ids=source: recipe ganrs does not take it; accepted: recipe profile"],
    ),
    "ids of cganrs": (
        (*MAKE, "--generator=groups", "--item_ids=source"),
        ["--item_ids=source: recipe cganrs does not take it; accepted: recipe profile"],
    ),
    "ids of more items": (
        (*PROFILE, "--num_items=61", "--item_ids=source"),
        ["--num_items=61 is more than the 60 items of the source that --item_ids=source has", "accepted: up to 60"],
    ),
    "ids of another kind": ((*PROFILE, "--item_ids=title"), ["--item_ids=title; accepted: new, source"]),
    "more ratings than pairs": (
        (*PROFILE, "--num_ratings=401"),
        ["--num_ratings=401 is more than the 400 pairs of --num_users=20 and --num_items=20; accepted: --num_ratings="],
    ),
    "more items than memory holds": (
        (*PROFILE, "--num_items=2000000000"),
        ["--num_items=2000000000 needs about ", " GiB are free; accepted: up to "],
    ),
    "fewer ratings than users": (
        ("generate", "--generator=profile", "--out=out.csv", "--num_ratings=79"),
        ["--num_ratings=79 is less than one for each of --num_users=80; accepted: --num_users="],
    ),
    "activity too steep": (
        (*PROFILE, "--num_ratings=300", "--activity=power:5"),
        ["--activity=power:5: with 1 to 20 ratings for each user", "would have to move; accepted: --activity=power:"],
    ),
    "law of another length": (
        (*PROFILE, "--num_ratings=300", "--popularity=three.csv"),
        ["--popularity=three.csv: 3 weights for 20 items; accepted: --num_items=3", ", or --popularity=uniform"],
    ),
    "histogram off the scale": (
        (*PROFILE, "--rating_histogram=6=1"),
        ["--rating_histogram: rating 6 is off the scale; accepted: 1 to 5 in steps of 1"],
    ),
    "histogram of four shares": (
        (*PROFILE, "--rating_histogram=0.25,0.25,0.25,0.25"),
        ["4 shares; accepted: 5, one for each of 1 to 5"],
    ),
    "ratings and samples": (
        (*MAKE, "--num_ratings=500"),
        ["--num_ratings=500 and --num_samples=1000; accepted: --num_ratings for recipe profile, --num_samples for"],
    ),
    "no ratings wanted": (
        ("generate", "--generator=generator", "--out=out.csv", "--num_ratings=0"),
        ["--num_ratings=0; accepted: 1 to 2147483647"],
    ),
    "users over ratings": (
        ("generate", "--generator=profile", "--out=out.csv", "--num_ratings=9", "--num_users=10"),
        ["--num_ratings=9 is less than one for each of --num_users=10; accepted: --num_users="],
    ),
    "no such law": (
        (*MAKE, "--activity=zipf"),
        ["--activity=zipf: no distribution and no file; accepted: source, thinned, gini:COEFFICIENT", ".npy"],
    ),
    "law of a folder": (
        (*MAKE, "--activity=nothing"),
        ["--activity=nothing: no distribution and no file; accepted: source"],
    ),
    "law without exponent": ((*MAKE, "--popularity=power"), ["--popularity=power; accepted: source, thinned, gini"]),
    "law of exponent 0": ((*MAKE, "--popularity=power:0"), ["--popularity=power:0; accepted: source, thinned, gini"]),
    "law of text": ((*MAKE, "--activity=lognormal:x"), ["--activity=lognormal:x; accepted:", "(over 0, at most 50)"]),
    "law of infinity": ((*MAKE, "--activity=lognormal:inf"), ["--activity=lognormal:inf; accepted: source"]),
    "negative weight": (
        (*MAKE, "--activity=minus.csv"),
        ["--activity=minus.csv: row 3 is -1; accepted: a finite number of at least 0 a row"],
    ),
    "weight of text": ((*MAKE, "--popularity=words.txt"), ["--popularity=words.txt: row 2 is 'many'; accepted"]),
    "no weight": ((*MAKE, "--activity=zeros.csv"), ["--activity=zeros.csv: no row is over 0; accepted: at least one"]),
    "empty law": ((*MAKE, "--activity=empty.csv"), ["--activity=empty.csv: the file is empty; accepted"]),
    "law of a table": ((*MAKE, "--activity=weights.xlsx"), ["suffix '.xlsx'; accepted: .csv, .txt, .parquet, .npy"]),
    "histogram over one": (
        (*PROFILE, "--rating_histogram=1=0.5,5=1.5"),
        ["--rating_histogram=1=0.5,5=1.5: the shares sum to 2; accepted:", "the nearest 1=0.25,5=0.75"],
    ),
    "negative share": ((*MAKE, "--rating_histogram=1=-1,5=2"), ["'1=-1'; accepted: finite levels", "no share below 0"]),
    "share of infinity": ((*MAKE, "--rating_histogram=1=inf"), ["'1=inf'; accepted: finite levels and shares"]),
    "histogram of text": (
        (*MAKE, "--rating_histogram=flat"),
        ["--rating_histogram=flat: 'flat'; accepted: source, LEVEL=SHARE,..., one share a level, or a file"],
    ),
    "level twice": ((*MAKE, "--rating_histogram=1=0.5,1=0.5"), ["a level is missing or twice; accepted: source"]),
    "histogram half labelled": ((*MAKE, "--rating_histogram=1=0.5,0.5"), ["a level is missing or twice"]),
    "row of a histogram": ((*MAKE, "--rating_histogram=shares.csv"), ["shares.csv: row 2: '2,x'; accepted: source"]),
}
