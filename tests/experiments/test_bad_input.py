"""Whatever is wrong on the command line, in a file or in a folder: one line, exit status 2, nothing half-written."""

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.experiments.conftest import QUICK

HEADER = "user_id,item_id,rating\n"
FILES = {
    "afile": "not a folder\n",
    "empty.csv": "",
    "semicolon.csv": HEADER.replace(",", ";") + "1;2;3\n",
    "no_rating.csv": "user_id,item_id,stars\n1,2,3\n",
    "text.csv": HEADER + "1,2,good\n",
    "nan.csv": HEADER + "1,2,3\n1,3,nan\n",
    "same.csv": HEADER + "1,1,3\n2,2,3\n",
    "twice.csv": HEADER + "1,1,3\n2,2,4\n1,1,5\n",
    "one_user.csv": HEADER + "1,1,3\n1,2,4\n",
    "minus.csv": "3\n2\n-1\n",
    "words.txt": "3\nmany\n",
    "zeros.csv": "0\n0\n",
    "weights.xlsx": "1\n",
    "shares.csv": "1,0.5\n2,x\n",
    "three.dat": "".join(f"{u}::{i}::{(u + i) % 3 + 1}::0\n" for u in range(9) for i in range(9)),
    "split.csv": HEADER + "1,1,3\n2,2,4\n",
    "three.csv": "3\n2\n1\n",
    "few.csv": HEADER + "".join(f"{u},{i},{(u + i) % 5 + 1}\n" for u in range(10) for i in range(12)),
    "plain.csv": HEADER + "".join(f"{u},{i},{(u + i) % 5 + 1}\n" for u in range(20) for i in range(20)),
}
TRAIN = ("train_generator", *QUICK, "--workdir=run")
MAKE = ("generate", "--generator=generator", "--out=out.csv", "--num_samples=1000", "--num_users=10", "--num_items=10")
PROFILE = ("generate", "--generator=profile", "--out=out.csv", "--num_users=20", "--num_items=20")
GRID = ("published_grid", "--preset=small", "--workdir=run")
QUICKSTART = ("quickstart", "--preset=small", "--source=planted", "--workdir=run")
EVALUATE = ("evaluate_baselines", "--preset=small", "--workdir=run")
STUDY = ("study", "--preset=small", "--workdir=run")
BENCHMARK = ("benchmark", "--preset=small", "--workdir=run")

# the command, and what its one line must hold
CASES: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "unknown flag": ((*TRAIN, "--soruce=x"), ["--soruce", "did you mean --source?", "accepted: --cache_dir, "]),
    "unknown flag of generate": ((*MAKE, "--users=3"), ["unknown flag --users", "--num_users"]),
    "stray argument": ((*TRAIN, "ml100k"), ["argument 'ml100k'", "accepted: flags only"]),
    "unknown preset": ((*TRAIN, "--preset=nonsense"), ["--preset=nonsense", "accepted: small"]),
    "preset without value": (("generate", "--preset"), ["--preset; accepted: small"]),
    "flag file absent": ((*TRAIN, "--flagfile=absent.txt"), ["error: Unable to open flagfile", "absent.txt"]),
    "unknown field": ((*TRAIN, "--config.gan_step=9"), ["--config.gan_step:", "--config.gan_steps?", "beta1, clip"]),
    "field of another recipe": ((*TRAIN, "--config.group=age"), ["no such field of recipe ganrs", "embedding_size,"]),
    "config as a whole": ((*TRAIN, "--config=fast"), ["--config=fast", "accepted: --config.FIELD=VALUE"]),
    "time before now": ((*TRAIN, "--checkpoint_seconds=-1"), ["--checkpoint_seconds=-1; accepted: 0 or more, or inf"]),
    "processes without a place": (
        (*TRAIN, "--num_processes=2"),
        ["--num_processes=2 --process_id=0; accepted: with --coordinator=HOST:PORT"],
    ),
    "cluster and own count": (
        (*TRAIN, "--coordinator=auto", "--num_processes=2"),
        ["--coordinator=auto --num_processes=2 --process_id=0; accepted: auto alone", "or --coordinator=HOST:PORT"],
    ),
    "a part of processes": (
        (*PROFILE, "--num_shards=2", "--shard=0", "--coordinator=127.0.0.1:1234"),
        ["--shard=0 --coordinator=127.0.0.1:1234; accepted: one of them"],
    ),
    "text for an integer": ((*TRAIN, "--seed=abc"), ["--seed=abc; accepted: an integer"]),
    "fraction for an integer": ((*TRAIN, "--planted_users=1.5"), ["--planted_users=1.5; accepted: an integer"]),
    "text for a number": ((*TRAIN, "--noise=loud"), ["--noise=loud; accepted: a number"]),
    "value for a switch": ((*TRAIN, "--nooverwrite=3"), ["--nooverwrite=3", "does not take an argument"]),
    "text for a switch": ((*TRAIN, "--overwrite=maybe"), ["--overwrite=maybe; accepted: true or false"]),
    "text for an integer field": ((*TRAIN, "--config.gan_steps=x"), ["--config.gan_steps=x; accepted: an integer"]),
    "fraction for a field": ((*TRAIN, "--config.gan_steps=1.5"), ["--config.gan_steps=1.5; accepted: an integer"]),
    "text for a number field": ((*TRAIN, "--config.beta1=x"), ["--config.beta1=x; accepted: a number"]),
    "text for a tuple": (
        (*TRAIN, "--config.generator_hidden=a,b"),
        ["generator_hidden=a,b; accepted: 2 whole"],
    ),
    "short tuple": ((*TRAIN, "--config.generator_hidden=5"), ["--config.generator_hidden=5; accepted: 2 whole"]),
    "long tuple": ((*TRAIN, "--config.generator_hidden=5,6,7"), ["generator_hidden=5,6,7; accepted: 2 whole"]),
    "no steps": ((*TRAIN, "--config.gan_steps=0"), ["--config.gan_steps=0; accepted: at least 1"]),
    "beta of one": ((*TRAIN, "--config.beta1=1"), ["--config.beta1=1.0; accepted: at least 0 and under 1"]),
    "nan in a field": ((*TRAIN, "--config.clip=nan"), ["--config.clip=nan; accepted: over 0"]),
    "zero in a tuple": ((*TRAIN, "--config.generator_hidden=0,5"), ["generator_hidden=(0, 5); accepted: at least 1"]),
    "share of one": ((*TRAIN, "--config.train_share=1"), ["--config.train_share=1.0; accepted: over 0 and under 1"]),
    "unknown recipe": ((*TRAIN, "--recipe=gan"), ["--recipe=gan; accepted: profile, ganrs, wganrs, cganrs"]),
    "unknown objective": ((*TRAIN, "--config.objective=mse"), ["objective='mse'", "accepted: bce, wasserstein"]),
    "unknown source": ((*TRAIN, "--source=ml100"), ["'ml100'", "accepted: a path, or one of ml100k,", "planted"]),
    "no planted world": ((*TRAIN, "--planted_users=1"), ["--planted_users=1; accepted: 2 to"]),
    "empty file": ((*TRAIN, "--source=empty.csv"), ["empty.csv", "empty"]),
    "wrong separator": ((*TRAIN, "--source=semicolon.csv"), ["semicolon.csv: row 1", "';' is the likely"]),
    "missing column": ((*TRAIN, "--source=no_rating.csv"), ["no_rating.csv", "'rating' is missing", "stars"]),
    "text rating": ((*TRAIN, "--source=text.csv"), ["text.csv: row 2: rating is 'good'"]),
    "nan rating": ((*TRAIN, "--source=nan.csv"), ["nan.csv: row 3: rating is nan"]),
    "one user": ((*TRAIN, "--source=one_user.csv"), ["one_user.csv: 1 user(s)", "at least 2"]),
    "no demographics": (
        (*TRAIN, "--source=plain.csv", "--recipe=cganrs"),
        ["plain: --config.group=gender is not"],
    ),
    "one group": ((*TRAIN, "--recipe=cganrs", "--groups=1"), ["planted: one gender group only (F)"]),
    "nothing at hand": (
        (*TRAIN, "--source=netflix"),
        ["netflix", "or give --source_path; the source planted needs no files"],
    ),
    "nothing at the path": (
        (*TRAIN, "--source=ml1m", "--source_path=nothing"),
        ["--source_path nothing: no ratings.dat"],
    ),
    "negative seed of the source": ((*TRAIN, "--source_seed=-1"), ["--source_seed=-1; accepted: 0 or more"]),
    "negative users": ((*TRAIN, "--max_users=-1"), ["--max_users=-1; accepted: 0 or more"]),
    "one item kept": ((*TRAIN, "--max_items=1"), ["--max_items=1; accepted: 0 for all, or 2"]),
    "negative ratings": ((*TRAIN, "--min_user_ratings=-1"), ["--min_user_ratings=-1; accepted: 0 or more"]),
    "nobody left": ((*TRAIN, "--min_user_ratings=9999"), ["--max_users, --max_items and --min_user_ratings leave"]),
    "unknown policy": ((*TRAIN, "--duplicates=some"), ["--duplicates='some'; accepted: last, first, error"]),
    "malformed scale": ((*TRAIN, "--scale=1-5"), ["--scale='1-5'; accepted: low:high:step"]),
    "off the scale": ((*TRAIN, "--source=plain.csv", "--scale=2:5"), ["plain.csv: row 2: rating 1 is off the scale"]),
    "no scale": ((*TRAIN, "--source=same.csv"), ["same.csv: every rating is 3", "give --scale=low:high:step"]),
    "long separator": ((*TRAIN, "--separator=:,"), ["--separator=':,'; accepted: one ASCII character"]),
    "no column": ((*TRAIN, "--rating_column="), ["--rating_column=; accepted: the name of a column"]),
    "too many planted": ((*TRAIN, "--planted_ratings=240001"), ["--planted_ratings=240001; accepted: 600 to 240000"]),
    "no rank": ((*TRAIN, "--rank=0"), ["--rank=0; accepted: 1 to"]),
    "no groups": ((*TRAIN, "--groups=0"), ["--groups=0; accepted: 1 to 10"]),
    "negative noise of the source": ((*TRAIN, "--noise=-1"), ["--noise=-1; accepted: 0 or more"]),
    "repeats refused": (
        (*TRAIN, "--source=twice.csv", "--duplicates=error"),
        ["row 4: repeats", "or --duplicates=last"],
    ),
    "negative seed": ((*TRAIN, "--seed=-1"), ["--seed=-1; accepted: 0 to 4294967295"]),
    "huge seed": ((*TRAIN, "--seed=4294967296"), ["--seed=4294967296; accepted: 0 to 4294967295"]),
    "huge seed of a lane": ((*TRAIN, "--seed=4294967295", "--num_seeds=2"), ["--seed=4294967296"]),
    "no seeds": ((*TRAIN, "--num_seeds=0"), ["--num_seeds=0; accepted: 1 to 4096"]),
    "negative seeds": ((*TRAIN, "--num_seeds=-2"), ["--num_seeds=-2; accepted: 1 to 4096"]),
    "pick out of range": ((*TRAIN, "--pick=1"), ["--pick=1; accepted: best, or 0 to 0"]),
    "pick of text": ((*TRAIN, "--pick=worst"), ["--pick=worst; accepted: best"]),
    "sweep of an integer": ((*TRAIN, "--sweep=gan_steps=1,2"), ["--sweep=gan_steps=1,2", "gan_learning_rate, beta1"]),
    "sweep of a shape": ((*TRAIN, "--sweep=train_share=0.1,0.2"), ["--sweep=train_share", "FIELD one of"]),
    "sweep of the noise": ((*TRAIN, "--sweep=sigma=1,2"), ["--sweep=sigma=1,2; accepted", "momentum, dropout"]),
    "sweep of the decoding": ((*TRAIN, "--sweep=kmeans_tolerance=0,1"), ["--sweep=kmeans_tolerance=0,1; accepted"]),
    "sweep of nothing": ((*TRAIN, "--sweep=beta1"), ["--sweep=beta1; accepted: FIELD=NUMBER,NUMBER"]),
    "sweep of text": ((*TRAIN, "--sweep=beta1=a,b"), ["--sweep=beta1=a,b; accepted"]),
    "sweep out of range": ((*TRAIN, "--sweep=beta1=0.1,2"), ["--config.beta1=2.0; accepted: at least 0 and under 1"]),
    "workdir is a file": ((*TRAIN, "--workdir=afile"), ["cannot be written: afile is a file, not a folder"]),
    "workdir under a file": ((*TRAIN, "--workdir=afile/run"), ["cannot be written: afile is a file"]),
    "workdir of the system": ((*TRAIN, "--workdir=/proc/run"), ["/proc/run/flags.json: cannot be written"]),
    "workdir is a device": ((*TRAIN, "--workdir=/dev/null"), ["cannot be written: /dev/null is a file, not a folder"]),
    "generate into a device": ((*MAKE, "--workdir=/dev/null"), ["cannot be written: /dev/null is a file"]),
    "more than memory holds": ((*TRAIN, "--config.embedding_size=1000000000"), ["out of memory (", "smaller networks"]),
    "workdir name too long": ((*TRAIN, "--workdir=" + "x" * 300), ["File name too long"]),
    "no generator flag": (("generate", "--out=out.csv"), ["--generator is missing; accepted: --generator=FOLDER"]),
    "no out flag": (("generate", "--generator=generator"), ["--out is missing; accepted:", "--out=FILE.parquet"]),
    "generator absent": ((*MAKE, "--generator=absent"), ["absent: no such folder", "that train_generator wrote"]),
    "generator is a file": ((*MAKE, "--generator=afile"), ["afile: no such folder"]),
    "generator is a run": ((*MAKE, "--generator=."), ["not a generator, or cut short: no readable manifest.json"]),
    "generator empty": ((*MAKE, "--generator=nothing"), ["nothing: not a generator, or cut short"]),
    "generator cut short": ((*MAKE, "--generator=cut"), ["cut: orbax/", "is altered or cut short; copy"]),
    "generator in part": ((*MAKE, "--generator=part"), ["part: orbax/", "is missing; copy the generator again"]),
    "generator unsigned": ((*MAKE, "--generator=unsigned"), ["unsigned: orbax/", "is not in its manifest.json"]),
    "generator of the future": ((*MAKE, "--generator=newer"), ["newer: format version 999; accepted: 2"]),
    "unknown suffix": ((*MAKE, "--out=out.xlsx"), ["--out=out.xlsx: suffix '.xlsx'; accepted: .parquet, .csv"]),
    "no suffix": ((*MAKE, "--out=out"), ["--out=out: suffix ''; accepted: .parquet, .csv"]),
    "out under a file": ((*MAKE, "--out=afile/out.csv"), ["afile/out.csv: cannot be written: afile is a file"]),
    "out in the system": ((*MAKE, "--out=/proc/out.csv"), ["/proc/out.csv: cannot be written"]),
    "out is a folder": ((*MAKE, "--out=folder.csv"), ["folder.csv is a folder; accepted: a file name"]),
    "out ends as a folder": ((*MAKE, "--out=new.csv/"), ["--out=new.csv/ is a folder; accepted: a file name"]),
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
        ["--num_users=600 cannot be filled by --num_samples=10"],
    ),
    "samples over memory": ((*MAKE, "--num_samples=2000000000"), ["--num_samples=2000000000 needs about 372.5 GiB"]),
    "users over samples": ((*MAKE, "--num_users=1001"), ["--num_users=1001 cannot be filled by --num_samples=1000"]),
    "items over samples": ((*MAKE, "--num_items=1001"), ["--num_items=1001 cannot be filled by --num_samples=1000"]),
    "seed of a dataset": ((*MAKE, "--seed=-1"), ["--seed=-1; accepted: 0 to 4294967295"]),
    "groups of ganrs": ((*MAKE, "--group_shares=F=1"), ["group", "ganrs", "accepted: cganrs"]),
    "shares malformed": ((*MAKE, "--group_shares=F:0.5"), ["--group_shares=F:0.5; accepted: NAME=SHARE,NAME=SHARE"]),
    "shares of text": ((*MAKE, "--group_shares=F=half"), ["--group_shares=F=half; accepted: NAME=SHARE"]),
    "share of nan": ((*MAKE, "--group_shares=F=nan"), ["--group_shares=F=nan; accepted: NAME=SHARE"]),
    "shares twice": ((*MAKE, "--group_shares=F=0.5,F=0.5"), ["--group_shares=F=0.5,F=0.5; accepted: NAME=SHARE"]),
    "shares of a whole": ((*MAKE, "--generator=groups", "--group_shares=F=0.5,M=0.6"), ["F, M", "summing to 1"]),
    "shares of others": (
        (*MAKE, "--generator=groups", "--group_shares=F=0.5,X=0.5"),
        ["F=0.5, X=0.5", "shares of F"],
    ),
    "laws of ganrs": (
        (*MAKE, "--activity=power:1"),
        ["--activity=power:1 was given to recipe ganrs", "accepted: --num_samples and no laws, or recipe profile"],
    ),
    "ratings of ganrs": (
        ("generate", "--generator=generator", "--out=out.csv", "--num_ratings=1000"),
        ["--num_ratings=1000 was given to recipe ganrs", "accepted: --num_samples, or recipe profile"],
    ),
    "histogram of cganrs": (
        (*MAKE, "--generator=groups", "--rating_histogram=0,0,0,0,1"),
        ["--rating_histogram=0,0,0,0,1 was given to recipe cganrs", "or recipe profile"],
    ),
    "laws before training": (
        (*QUICKSTART, "--recipe=ganrs", "--popularity=uniform"),
        ["--popularity=uniform was given to recipe ganrs", "accepted: --num_samples and no laws"],
    ),
    "sweep of another recipe's float": (
        ("train_generator", "--preset=small", "--workdir=run", "--sweep=dropout=0,0.1"),
        ["--sweep=dropout=0,0.1; accepted", "FIELD one of gan_learning_rate, beta1, beta2, clip, gradient_penalty"],
    ),
    "unknown embedding": (
        ("train_generator", "--preset=small", "--workdir=run", "--config.embedding=pca"),
        ["--config.embedding='pca'; accepted: profile, deepmf"],
    ),
    "unknown decoder": (
        ("train_generator", "--preset=small", "--workdir=run", "--config.decoder=nearest"),
        ["--config.decoder='nearest'; accepted: transport, kmeans"],
    ),
    "source too small to embed": (
        ("train_generator", "--preset=small", "--workdir=run", "--source=few.csv"),
        ["few: 10 users, 12 items; accepted: at least 20 of each"],
    ),
    "groups of profile": (
        (*PROFILE, "--group_shares=F=1"),
        ["--group_shares", "recipe profile has no groups", "accepted: recipe cganrs"],
    ),
    "more ratings than pairs": (
        (*PROFILE, "--num_ratings=401"),
        ["--num_ratings=401 is more than the 400 pairs of --num_users=20 and --num_items=20; accepted: 20 to 400"],
    ),
    "fewer ratings than users": (
        ("generate", "--generator=profile", "--out=out.csv", "--num_ratings=599"),
        ["--num_ratings=599 is less than one for each of --num_users=600"],
    ),
    "activity too steep": (
        (*PROFILE, "--num_ratings=300", "--activity=power:5"),
        ["--activity=power:5: with 1 to 20 ratings for each user", "would have to move; accepted: --activity=power:"],
    ),
    "popularity too steep, before training": (
        (*QUICKSTART, "--popularity=power:5"),
        ["--popularity=power:5: with 1 to 600 ratings for each item", "accepted: --popularity=power:"],
    ),
    "law of another length": (
        (*PROFILE, "--num_ratings=300", "--popularity=three.csv"),
        ["--popularity=three.csv: 3 weights for 20 items; accepted: 20, or --num_items=3"],
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
        ("generate", "--generator=generator", "--out=out.csv", "--num_ratings=9", "--num_users=10"),
        ["--num_users=10 cannot be filled by --num_ratings=9; accepted: 1 to 9, or more ratings"],
    ),
    "no such law": (
        (*MAKE, "--activity=zipf"),
        ["--activity=zipf: no law and no file; accepted: source, power:EXPONENT or lognormal:SIGMA", ".npy"],
    ),
    "law of a folder": ((*MAKE, "--activity=nothing"), ["--activity=nothing: no law and no file; accepted: source"]),
    "law without exponent": ((*MAKE, "--popularity=power"), ["--popularity=power; accepted: source, power:EXPONENT"]),
    "law of exponent 0": ((*MAKE, "--popularity=power:0"), ["--popularity=power:0; accepted: source, power:EXPONENT"]),
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
        (*MAKE, "--rating_histogram=1=0.5,5=1.5"),
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
    "grid of groups": ((*GRID, "--recipe=cganrs"), ["--recipe=cganrs; accepted: ganrs, wganrs"]),
    "grid of text": ((*GRID, "--users=ten"), ["--users=ten; accepted: numbers over 0"]),
    "grid of nobody": ((*GRID, "--users="), ["--users=; accepted: numbers over 0"]),
    "grid of negatives": ((*GRID, "--sigmas=1,-1"), ["--sigmas=1,-1; accepted: numbers over 0"]),
    "grid too small": ((*GRID, "--num_samples=50"), ["--num_samples=50 cannot fill 100 users or items"]),
    "grid too small for its source": (
        ("published_grid", "--sources=planted", "--workdir=run", "--users=300000"),
        ["--num_samples=240000 cannot fill 300000 users or items; accepted: more samples"],
    ),
    "grid of the absent": ((*GRID, "--sources=netflix"), ["netflix", "give --source_path; the source planted needs"]),
    "grid of no ratings": ((*GRID, "--source_seed=-2"), ["--source_seed=-2; accepted: 0 or more"]),
    "grid of the unknown": ((*GRID, "--sources=planted,ml1"), ["--sources=planted,ml1; accepted: some of ml100k,"]),
    "grid of one source flag": ((*GRID, "--source=planted"), ["unknown flag --source ", "--sources"]),
    "quickstart too small": (
        (*QUICKSTART, "--num_ratings=99"),
        ["--num_ratings=99 is less than one for each of --num_users=600; accepted: 600 to"],
    ),
    "quickstart nowhere": ((*QUICKSTART, "--workdir=afile"), ["cannot be written: afile is a file"]),
    "benchmark too small": ((*BENCHMARK, "--num_samples=99"), ["--num_users=100 cannot be filled by"]),
    "benchmark of groups": ((*BENCHMARK, "--recipe=cganrs"), ["--recipe=cganrs; accepted: ganrs, wganrs"]),
    "model that is none": ((*EVALUATE, "--models=deepmff"), ["--models=deepmff; accepted: deepmf, vdeepmf"]),
    "model twice": ((*EVALUATE, "--models=biases,biases"), ["--models=biases,biases; accepted: different ones"]),
    "no models": ((*EVALUATE, "--models="), ["--models=; accepted: different ones"]),
    "no seeds of models": ((*EVALUATE, "--num_seeds=0"), ["--num_seeds=0; accepted: whole numbers from 1"]),
    "epochs under none": ((*EVALUATE, "--epochs=-1"), ["--epochs=-1; accepted: whole numbers from 0"]),
    "N of zero": ((*EVALUATE, "--cutoffs=0,5"), ["--cutoffs=0,5; accepted: whole numbers from 1, ascending"]),
    "N that is no number": ((*EVALUATE, "--cutoffs=ten"), ["--cutoffs=ten; accepted: whole numbers from 1"]),
    "threshold off the scale": ((*EVALUATE, "--threshold=9"), ["--threshold=9 is off the scale; accepted: 1 to 5"]),
    "nothing relevant": (
        (*EVALUATE, "--data=three.dat", "--scale=1:5:1", "--threshold=5"),
        ["--threshold=5: three has no relevant rating, its highest is 3"],
    ),
    "too few to split": (
        (*EVALUATE, "--data=split.csv"),
        ["a train share of 0.8 leaves no row on one side of 2 ratings; accepted: more"],
    ),
    "data that is not there": ((*EVALUATE, "--data=absent.csv"), ["'absent.csv': no such file, folder or source"]),
    "study of no source": ((*STUDY, "--sources=ml1000"), ["--sources=ml1000; accepted: some of"]),
    "study of no part": ((*STUDY, "--parts=all"), ["--parts=all; accepted: some of equal, users"]),
    "study of groups": ((*STUDY, "--recipes=cganrs"), ["--recipes=cganrs; accepted: profile, ganrs, wganrs"]),
    "study of no recipe": ((*STUDY, "--recipes=gan"), ["--recipes=gan; accepted: profile, ganrs, wganrs, cganrs"]),
    "margin of nothing": ((*STUDY, "--margin=0"), ["--margin=0; accepted: more than 0"]),
    "study of datasets of no kind": (
        (*STUDY, "--datasets_of=planted=3"),
        ["--datasets_of=planted=3; accepted: SOURCE-RECIPE=NUMBER, such as ml100k-ganrs=3"],
    ),
    "study of no datasets of a kind": (
        (*STUDY, "--datasets_of=planted-ganrs=0"),
        ["--datasets_of=planted-ganrs=0; accepted: SOURCE-RECIPE=NUMBER, such as ml100k-ganrs=3"],
    ),
    "study of no datasets": ((*STUDY, "--num_datasets=0"), ["--num_datasets=0; accepted: whole numbers from 1"]),
    "sizes in words": ((*STUDY, "--parts=sizes", "--sizes=10x10"), ["--sizes=10x10; accepted: USERSxITEMSxROWS"]),
    "sizes of none": ((*STUDY, "--parts=sizes"), ["--sizes is empty; accepted: USERSxITEMSxROWS"]),
    "users in words": ((*STUDY, "--users=many"), ["--users=many; accepted: numbers over 0"]),
    "study of a model that is none": ((*STUDY, "--models=svd"), ["--models=svd; accepted: deepmf"]),
    "study with a threshold off the scale": ((*STUDY, "--threshold=0.5"), ["--threshold=0.5 is off the scale"]),
    "lanes in words": (
        (*BENCHMARK, "--suite=profile_training", "--recipe=profile", "--lanes=many"),
        ["--lanes=many; accepted: numbers over 0"],
    ),
    "table for no text": (
        (*BENCHMARK, "--suite=scaling", "--readme=absent.md"),
        ["--readme=absent.md: no file with lines <!-- scaling --> and <!-- /scaling -->; accepted: the README"],
    ),
    "benchmark of no parts": ((*BENCHMARK, "--num_shards=0"), ["--num_shards=0; accepted: whole numbers from 1"]),
    "suite of profile by another recipe": (
        (*BENCHMARK, "--suite=generation", "--recipe=wganrs"),
        ["--recipe=wganrs: suite generation times recipe profile; accepted: profile"],
    ),
    "unknown suite": ((*BENCHMARK, "--suite=all"), ["--suite=all; accepted: published_recipe"]),
}
BEGUN = {"run/flags.json", "run/metrics.jsonl", "run/cells.json"}
Finished = tuple[subprocess.CompletedProcess, dict[str, bytes], dict[str, bytes]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, generator, group_generator, profile_generator) -> Path:
    """A folder of things that can be wrong, copied for each case."""
    folder = tmp_path_factory.mktemp("inputs")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for name in ("nothing", "folder.csv"):
        (folder / name).mkdir()
    for name in ("generator", "cut", "part", "newer", "unsigned"):
        shutil.copytree(generator, folder / name)
    shutil.copytree(group_generator, folder / "groups")
    shutil.copytree(profile_generator, folder / "profile")
    for name in ("cut", "unsigned"):
        _halve(max((folder / name / "orbax").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0))
    (folder / "part" / "orbax" / "arrays" / "manifest.ocdbt").unlink()
    _rewrite(folder / "newer" / "manifest.json", format_version=999)
    _rewrite(folder / "unsigned" / "manifest.json", sha256={})
    return folder


@pytest.fixture(scope="module")
def finished(request, inputs, fork_in, tmp_path_factory) -> dict[str, Future[Finished]]:
    """The chosen cases, run side by side."""
    chosen = [item.callspec.params["case"] for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(2) as pool:
        place: Callable[[], Path] = lambda: tmp_path_factory.mktemp("case") / "here"  # noqa: E731
        yield {case: pool.submit(_run, fork_in, inputs, place(), CASES[case][0]) for case in chosen}


def _run(fork_in, inputs: Path, place: Path, command: tuple[str, ...]) -> Finished:
    shutil.copytree(inputs, place)
    before = _contents(place)
    return fork_in(place, *command), before, _contents(place)


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _rewrite(path: Path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture(scope="module")
def flags_of(fork_in, tmp_path_factory) -> Callable[..., set[str]]:
    """flags_of(NAME, *recipe): the flags that an experiment lists."""

    @functools.cache
    def listed(name: str, *recipe: str) -> set[str]:
        shown = fork_in(tmp_path_factory.mktemp("help"), name, *recipe, "--help").stdout
        return set(re.findall(r"^  --([\w.]+)", shown, re.MULTILINE))

    return listed


@pytest.mark.parametrize("case", CASES)
def test_a_message_names_flags_that_there_are(case, finished, flags_of):
    """But for one that was given: then the message says that there is no such flag."""
    name, *given = CASES[case][0]
    said = finished[case].result()[0].stderr
    recipes = [flag for flag in given if flag.startswith("--recipe=") and "--recipe=" not in said]
    known = flags_of(name, *recipes) | {"config", "config.FIELD", "no" + "overwrite"}
    if "unknown flag" in said or "no such field" in said:
        known |= {flag.lstrip("-").partition("=")[0] for flag in given}
    assert set(re.findall(r"--([\w.]*\w)", said)) <= known


@pytest.mark.parametrize("case", CASES)
def test_one_line_and_nothing_left(case, finished):
    done, before, after = finished[case].result()
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert [word for word in CASES[case][1] if word not in done.stderr] == [], done.stderr
    assert {name: after.get(name) for name in before} == before
    assert set(after) - set(before) - BEGUN == set()
