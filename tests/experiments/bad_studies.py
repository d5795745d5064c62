"""What the experiments that do more than one thing refuse."""

GRID = ("published_grid", "--preset=small", "--workdir=run")
QUICKSTART = ("quickstart", "--preset=small", "--source=planted", "--workdir=run")
EVALUATE = ("evaluate_baselines", "--preset=small", "--workdir=run")
STUDY = ("study", "--preset=small", "--workdir=run")
COLD = ("cold_start", "--preset=small", "--workdir=run")
IMBALANCE = ("imbalance", "--preset=small", "--workdir=run")
ABLATION = ("ablation", "--preset=small", "--workdir=run")
REPORT = ("report", "--preset=small", "--workdir=run")
FAIRNESS = ("fairness", "--preset=small", "--workdir=run")
BENCHMARK = ("benchmark", "--preset=small", "--workdir=run")

# the command, and what its one line must hold
CASES: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "laws before training": (
        (*QUICKSTART, "--recipe=ganrs", "--popularity=uniform"),
        ["--popularity=uniform: recipe ganrs does not take it; accepted: recipe profile"],
    ),
    "popularity too steep, before training": (
        (*QUICKSTART, "--popularity=power:5"),
        ["--popularity=power:5: with 1 to 600 ratings for each item", "accepted: --popularity=power:"],
    ),
    "cold shares": ((*COLD, "--cold_users=1.5"), ["--cold_users=1.5 is no share; accepted: 0 to 1"]),
    "cold ranges": ((*COLD, "--cold_item_ratings=5:2"), ["--cold_item_ratings=5:2 is no range"]),
    "cold ranges beyond the items": (
        (*COLD, "--cold_user_ratings=1:500"),
        ["135 items are not cold; accepted: at most 135"],
    ),
    "nothing cold": (
        (*COLD, "--cold_users=0", "--cold_items=0", "--young=0"),
        ["accepted: at least one of them over 0"],
    ),
    "younger than nothing": ((*COLD, "--young=1"), ["--young=1 is no share; accepted: 0 to 1"]),
    "cold without ten": ((*COLD, "--cutoffs=5"), ["--cutoffs=5; accepted: lengths with 10 among them"]),
    "cold of the unknown": ((*COLD, "--sources=ml1"), ["--sources=ml1; accepted: some of ml100k,"]),
    "no such axis": ((*IMBALANCE, "--axes=genres"), ["--axes=genres; accepted: some of users, items, ratings"]),
    "one level": ((*IMBALANCE, "--levels=1"), ["--levels=1; accepted: whole numbers from 2"]),
    "a part that is all": ((*IMBALANCE, "--share=1"), ["--share=1 leaves nothing to choose from; accepted: over 0"]),
    "a part too small": (
        (*IMBALANCE, "--share=0.01"),
        ["--share=0.01 of planted is 60 ratings, less than one for each"],
    ),
    "parts of nothing": (
        (*ABLATION, "--parts=the GAN"),
        ["--parts=the GAN; accepted: some of ", "no local directions"],
    ),
    "parts of another recipe": (
        (*ABLATION, "--parts=no local directions"),
        ["--parts=no local directions: no part of ganrs; accepted: embedding of 2,"],
    ),
    "ablation of no seed": ((*ABLATION, "--num_seeds=0"), ["--num_seeds=0; accepted: whole numbers from 1"]),
    "report of nothing": (REPORT, ["run/results.json: cannot be read; accepted: the --workdir of a quickstart"]),
    "report as text": ((*REPORT, "--out=report.txt"), ["--out=report.txt; accepted: a file name that ends in .html"]),
    "groups of what is not known": (
        (*FAIRNESS, "--group_columns=occupation"),
        ["occupation is not known of its users; it has: gender, age"],
    ),
    "groups too small": (
        (*FAIRNESS, "--planted_users=30", "--planted_items=30", "--planted_ratings=300"),
        ["planted: 15 users are of gender F: too few to learn from", "at least 20 users"],
    ),
    "shares of all": ((*FAIRNESS, "--shares=1"), ["--shares=1; accepted: numbers over 0 and under 1"]),
    "no such recipe of groups": (
        (*FAIRNESS, "--recipes=ganrs"),
        ["--recipes=ganrs; accepted: some of profile, cganrs"],
    ),
    "grid of groups": ((*GRID, "--recipe=cganrs"), ["--recipe=cganrs; accepted: ganrs, wganrs"]),
    "grid of text": ((*GRID, "--users=ten"), ["--users=ten; accepted: numbers over 0"]),
    "grid of nobody": ((*GRID, "--users="), ["--users=; accepted: numbers over 0"]),
    "grid of negatives": ((*GRID, "--sigmas=1,-1"), ["--sigmas=1,-1; accepted: numbers over 0"]),
    "grid too small": (
        (*GRID, "--num_samples=50"),
        ["--num_samples=50 cannot fill 100 users or items; accepted: --num_samples=100"],
    ),
    "grid too small for its source": (
        ("published_grid", "--sources=planted", "--workdir=run", "--users=300000"),
        ["--num_samples=240000 cannot fill 300000 users or items; accepted: --num_samples=300000"],
    ),
    "grid of the absent": ((*GRID, "--sources=netflix"), ["netflix", "give --source_path; the source planted needs"]),
    "grid of no ratings": ((*GRID, "--source_seed=-2"), ["--source_seed=-2; accepted: 0 or more"]),
    "grid of the unknown": ((*GRID, "--sources=planted,ml1"), ["--sources=planted,ml1; accepted: some of ml100k,"]),
    "grid of one source flag": ((*GRID, "--source=planted"), ["unknown flag --source ", "--sources"]),
    "quickstart too small": (
        (*QUICKSTART, "--num_ratings=99"),
        ["--num_ratings=99 is less than one for each of --num_users=600; accepted: --num_users="],
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
    "N beyond any list": (
        (*EVALUATE, "--cutoffs=10,5000"),
        ["--cutoffs=10,5000; accepted: whole numbers from 1,"],
    ),
    "settings of no source": (
        (*EVALUATE, "--settings_of=movielens"),
        ["--settings_of=movielens; accepted: one of"],
    ),
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
    "study of no recipe": (
        (*STUDY, "--recipes=gan"),
        ["--recipes=gan is no recipe; accepted: profile, ganrs"],
    ),
    "margin of nothing": ((*STUDY, "--margin=0"), ["--margin=0; accepted: more than 0"]),
    "study of datasets of no kind": (
        (*STUDY, "--datasets_of=planted=3"),
        ["--datasets_of=planted=3; accepted: SOURCE-RECIPE=NUMBER, such as ml100k-ganrs=3"],
    ),
    "margin without end": ((*STUDY, "--margin=inf"), ["--margin=inf; accepted: more than 0"]),
    "study of nothing": ((*STUDY, "--parts=users", "--recipes="), ["--recipes=; accepted: some of profile, ganrs"]),
    "study of nothing finished": ((*STUDY, "--finished_only"), ["run: nothing of what is asked for is measured yet"]),
    "sweep with a threshold off the scale": (
        (*STUDY, "--parts=users", "--threshold=9"),
        ["--threshold=9 is off the scale"],
    ),
    "study of no datasets of a kind": (
        (*STUDY, "--datasets_of=planted-ganrs=0"),
        ["--datasets_of=planted-ganrs=0; accepted: SOURCE-RECIPE=NUMBER, such as ml100k-ganrs=3"],
    ),
    "study of no datasets": ((*STUDY, "--num_datasets=0"), ["--num_datasets=0; accepted: whole numbers from 1"]),
    "sizes in words": ((*STUDY, "--parts=sizes", "--sizes=10x10"), ["--sizes=10x10; accepted: USERSxITEMSxROWS"]),
    "sizes of none": ((*STUDY, "--parts=sizes"), ["--sizes is empty; accepted: USERSxITEMSxROWS"]),
    "users in words": ((*STUDY, "--parts=users", "--users=many"), ["--users=many; accepted: numbers over 0"]),
    "study of a model that is none": ((*STUDY, "--models=svd"), ["--models=svd; accepted: deepmf"]),
    "study of references, one misspelt": (
        (*STUDY, "--models=user_knn,implicit_als,brp"),
        ["--models=brp; accepted: deepmf", "popularity, biases, item_knn, user_knn, pure_svd, ease, implicit_als, bpr"],
    ),
    "study of a model twice": (
        (*STUDY, "--models=bpr,deepmf,bpr"),
        ["--models=bpr,deepmf,bpr; accepted: different ones"],
    ),
    "study with a threshold off the scale": ((*STUDY, "--threshold=0.5"), ["--threshold=0.5 is off the scale"]),
    "lanes in words": (
        (*BENCHMARK, "--suite=profile_training", "--recipe=profile", "--lanes=many"),
        ["--lanes=many; accepted: numbers over 0"],
    ),
    "benchmark of no parts": ((*BENCHMARK, "--num_shards=0"), ["--num_shards=0; accepted: whole numbers from 1"]),
    "accelerator in no time": (
        (*BENCHMARK, "--suite=accelerator", "--recipe=profile", "--minutes=0"),
        ["--minutes=0; accepted: a number over 0"],
    ),
    "datasets of accelerator in words": (
        (*BENCHMARK, "--suite=accelerator", "--recipe=profile", "--sizes=many"),
        ["--sizes=many; accepted: USERSxITEMSxROWS"],
    ),
    "suite of profile by another recipe": (
        (*BENCHMARK, "--suite=generation", "--recipe=wganrs"),
        ["--recipe=wganrs: suite generation times recipe profile; accepted: profile"],
    ),
    "unknown suite": ((*BENCHMARK, "--suite=all"), ["--suite=all; accepted: published_recipe"]),
}
