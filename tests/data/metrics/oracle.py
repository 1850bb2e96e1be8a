#!/usr/bin/env python3
"""Random classification problems with ties and missing classes, and what scikit-learn, SciPy and R's
pROC say of them, as JSON on standard output: what tests/data/metrics_oracle_test.cpp compares with.

    tests/data/metrics/oracle.py SEED > tests/data/metrics/golden.json

Exits with 77 after a line "SKIP: why" where one of the three is missing.
"""
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings

PROBLEMS = 20

try:
    import numpy as np
    import scipy.optimize
    from sklearn import metrics
    from sklearn.calibration import calibration_curve
except ImportError as error:
    print(f"SKIP: {error} (Debian packages python3-sklearn, python3-scipy)")
    sys.exit(77)

# One row a question: area, interval, paired test against the second score, best Youden, all of pROC;
# Wilson, exact binomial and Holm of base R.
R_PROGRAM = r"""
suppressPackageStartupMessages(library(pROC))
arguments <- commandArgs(trailingOnly = TRUE)
text <- function(x) paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = " ")
for (file in sort(list.files(arguments[1], pattern = "^roc", full.names = TRUE))) {
  d <- read.csv(file)
  a <- roc(d$y, d$a, levels = c(0, 1), direction = "<", quiet = TRUE)
  b <- roc(d$y, d$b, levels = c(0, 1), direction = "<", quiet = TRUE)
  ci <- suppressWarnings(as.numeric(ci.auc(a, method = "delong")))
  test <- suppressWarnings(roc.test(a, b, method = "delong", paired = TRUE))
  best <- coords(a, "best", best.method = "youden", ret = c("threshold", "youden"),
                 transpose = FALSE)
  cat("roc", sub(".csv$", "", basename(file)), text(ci), text(test$statistic), text(test$p.value),
      text(test$conf.int), text(max(best$youden)), text(best$threshold), "\n")
}
counts <- read.csv(file.path(arguments[1], "counts.csv"))
for (i in seq_len(nrow(counts))) {
  w <- suppressWarnings(prop.test(counts$k[i], counts$n[i], correct = FALSE))$conf.int
  cat("wilson", counts$k[i], counts$n[i], text(w), text(binom.test(counts$k[i], counts$n[i])$p.value),
      "\n")
}
p <- read.csv(file.path(arguments[1], "p.csv"))$p
cat("holm", text(p.adjust(p, "holm")), "\n")
"""


def random_problem(random, number):
    """Probabilities are multiples of 1/64: exact as floats, and with many ties."""
    missing = number % 4 == 3  # the last class never occurs
    classes = int(random.integers(3 if missing else 2, 6)) if number % 2 else 2
    n = int(random.integers(10, 90))
    labels = random.integers(0, classes - missing, n)
    weight = random.gamma(0.7, size=(n, classes)) + 1e-3
    weight[np.arange(n), labels] += random.gamma(1.0, size=n)
    second = weight * random.gamma(4.0, size=(n, classes))
    if number % 5 == 4:  # the first class is never predicted
        weight[:, 0] *= 1e-3
    return labels, quantise(weight), quantise(second)


def quantise(weight):
    share = np.floor(weight / weight.sum(1, keepdims=True) * 64).astype(int)
    top = weight.argmax(1)
    share[np.arange(len(share)), top] += 64 - share.sum(1)
    return share / 64


def in_64ths(values):
    return (values * 64).astype(int).tolist()


def number(value):
    return None if value is None or not math.isfinite(value) else float(value)


def ece(labels, p, bins=15):
    confidence, right = p.max(1), p.argmax(1) == labels
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    total = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def of_class(labels, p, c):
    y, score = (labels == c).astype(int), p[:, c]
    called = (p.argmax(1) == c).astype(int)
    result = {
        "precision": metrics.precision_score(y, called, zero_division=0) if called.any() else None,
        "sensitivity": metrics.recall_score(y, called) if y.any() else None,
        "specificity": metrics.recall_score(1 - y, 1 - called) if not y.all() else None,
        "npv": metrics.precision_score(1 - y, 1 - called) if not called.all() else None,
        "f1": metrics.f1_score(y, called) if (y | called).any() else None,
        "mcc": metrics.matthews_corrcoef(y, called),
        "auc": None,
        "average_precision": metrics.average_precision_score(y, score) if y.any() else None,
    }
    if 0 < y.sum() < len(y):
        result["auc"] = metrics.roc_auc_score(y, score)
        fpr, tpr, threshold = metrics.roc_curve(y, score, drop_intermediate=False)
        result["roc"] = [list(map(float, fpr)), list(map(float, tpr)), list(map(float, threshold))]
        truth, mean = calibration_curve(y, score, n_bins=10)
        result["reliability"] = [list(map(float, truth)), list(map(float, mean))]
    return {key: value if isinstance(value, list) else number(value)
            for key, value in result.items()}


def temperature(logits, labels):
    def loss(log_t):
        z = logits / np.exp(log_t)
        z = z - z.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), labels]))

    bounds = (np.log(0.05), np.log(20))
    inside = scipy.optimize.minimize_scalar(
        loss, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    best = min((*bounds, inside.x), key=loss)  # the search never reaches the bounds themselves
    return float(np.exp(best)), loss(best), loss(0.0)


def scikit_learn(labels, p):
    k = p.shape[1]
    predicted = p.argmax(1)
    result = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "macro_f1": metrics.f1_score(labels, predicted, average="macro"),
        "mcc": metrics.matthews_corrcoef(labels, predicted),
        "loss": metrics.log_loss(labels, p, labels=list(range(k)), eps=1e-15),
        "brier": 0.5 * float(np.mean(((p - np.eye(k)[labels]) ** 2).sum(1))),
        "ece": ece(labels, p),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=list(range(k))).tolist(),
        "classes": [of_class(labels, p, c) for c in range(k)],
    }
    if k == 2:  # the halved sum is scikit-learn's Brier score there
        assert abs(result["brier"] - metrics.brier_score_loss(labels, p[:, 1])) < 1e-12
    return result


def ask_r(folder):
    program = os.path.join(folder, "program.R")
    with open(program, "w") as file:
        file.write(R_PROGRAM)
    try:
        answer = subprocess.run(["Rscript", program, folder], capture_output=True, text=True)
    except FileNotFoundError:
        print("SKIP: there is no Rscript (Debian packages r-base-core, r-cran-proc)")
        sys.exit(77)
    if answer.returncode:
        if "no package called" in answer.stderr:
            print("SKIP: R has no pROC (Debian package r-cran-proc)")
            sys.exit(77)
        sys.exit(answer.stderr)
    return [line.split() for line in answer.stdout.splitlines()]


def main():
    warnings.simplefilter("ignore")
    seed = int(sys.argv[1])
    random = np.random.default_rng(seed)
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(PROBLEMS):
            labels, p, second = random_problem(random, index)
            logits = np.round((random.normal(size=p.shape) + 3 * p) * 64) / 64
            t, at_t, at_one = temperature(logits, labels)
            problems.append({
                "labels": labels.tolist(), "probability": in_64ths(p),
                "second": in_64ths(second), "logits": in_64ths(logits), "temperature": t, "loss_at_temperature": at_t,
                "loss_at_one": at_one, "sklearn": scikit_learn(labels, p), "proc": {}})
            for c in range(p.shape[1]):
                y = (labels == c).astype(int)
                if not 1 < y.sum() < len(y) - 1:
                    continue
                with open(os.path.join(folder, f"roc-{index}-{c}.csv"), "w", newline="") as file:
                    rows = csv.writer(file)
                    rows.writerow(["y", "a", "b"])
                    rows.writerows(zip(y, p[:, c], second[:, c]))
        counts = [(int(random.integers(0, n + 1)), n) for n in map(int, random.integers(1, 400, 40))]
        with open(os.path.join(folder, "counts.csv"), "w") as file:
            file.write("k,n\n" + "".join(f"{k},{n}\n" for k, n in counts))
        values = [round(v, 6) for v in random.uniform(0, 0.2, 9)]
        with open(os.path.join(folder, "p.csv"), "w") as file:
            file.write("p\n" + "".join(f"{v}\n" for v in values))
        wilson, adjusted = [], []
        for kind, *words in ask_r(folder):
            if kind == "roc":
                _, index, c = words[0].split("-")
                f = [number(float(w)) if w != "NA" else None for w in words[1:]]
                problems[int(index)]["proc"][c] = {
                    "low": f[0], "auc": f[1], "high": f[2], "z": f[3], "p": f[4],
                    "difference": f[5:7], "youden": f[7], "thresholds": f[8:]}
            elif kind == "wilson":
                k, n, low, high, p = map(float, words)
                wilson.append({"k": int(k), "n": int(n), "low": low, "high": high, "binomial": p})
            else:
                adjusted = [float(w) for w in words]
    whole = {"seed": seed, "problems": problems, "wilson": wilson,
             "holm": {"p": values, "adjusted": adjusted}}
    print(json.dumps(whole, separators=(",", ":")))


main()
