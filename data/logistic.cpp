// The loss with its gradient, and L-BFGS.
#include "data/logistic.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace hilum {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// p = softmax(W x + b); returns log of the normaliser, for the loss.
double softmax_of(const Vector& weight, const float* x, std::size_t d, Vector& p) {
  for (std::size_t c = 0; c < p.size(); ++c) {
    const double* row = &weight[c * (d + 1)];
    p[c] = row[d];
    for (std::size_t i = 0; i < d; ++i) p[c] += row[i] * x[i];
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (const double v : p) sum += std::exp(v - largest);
  const double normaliser = largest + std::log(sum);
  for (double& v : p) v = std::exp(v - normaliser);
  return normaliser;
}

struct Problem {
  const std::vector<float>& x;
  const std::vector<std::int32_t>& labels;
  std::size_t d, classes;
  double strength;

  double loss(const Vector& weight, Vector& gradient) const {
    double sum = 0;
    gradient.assign(weight.size(), 0);
    Vector p(classes);
    for (std::size_t n = 0; n < labels.size(); ++n) {
      const float* row = &x[n * d];
      const auto label = static_cast<std::size_t>(labels[n]);
      softmax_of(weight, row, d, p);
      sum -= std::log(std::max(p[label], 1e-300));
      p[label] -= 1;
      for (std::size_t c = 0; c < classes; ++c) {
        double* g = &gradient[c * (d + 1)];
        for (std::size_t i = 0; i < d; ++i) g[i] += p[c] * row[i];
        g[d] += p[c];
      }
    }
    for (std::size_t c = 0; c < classes; ++c) {
      for (std::size_t i = 0; i < d; ++i) {
        const double w = weight[c * (d + 1) + i];
        sum += w * w / (2 * strength);
        gradient[c * (d + 1) + i] += w / strength;
      }
    }
    return sum;
  }
};

// Steps and changes of the gradient of the last iterations: an estimate of the inverse Hessian.
struct History {
  struct Pair {
    Vector step, change;
    double curvature;
  };
  std::deque<Pair> pairs;

  void add(Vector step, Vector change) {
    const double curvature = dot(step, change);
    if (curvature <= 1e-12 * dot(change, change)) return;
    pairs.push_back({std::move(step), std::move(change), curvature});
    if (pairs.size() > 10) pairs.pop_front();
  }
  // The two-loop recursion.
  Vector direction(const Vector& gradient) const {
    Vector q = gradient, alpha(pairs.size());
    for (std::size_t i = pairs.size(); i-- > 0;) {
      alpha[i] = dot(pairs[i].step, q) / pairs[i].curvature;
      for (std::size_t j = 0; j < q.size(); ++j) q[j] -= alpha[i] * pairs[i].change[j];
    }
    if (!pairs.empty()) {
      const Pair& last = pairs.back();
      const double scale = last.curvature / dot(last.change, last.change);
      for (double& v : q) v *= scale;
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double beta = dot(pairs[i].change, q) / pairs[i].curvature;
      for (std::size_t j = 0; j < q.size(); ++j) q[j] += (alpha[i] - beta) * pairs[i].step[j];
    }
    return q;
  }
};

}  // namespace

Logistic fit_logistic(const std::vector<float>& x, std::size_t d,
                      const std::vector<std::int32_t>& labels, std::size_t classes,
                      double strength) {
  const Problem problem{x, labels, d, classes, strength};
  Vector weight(classes * (d + 1)), gradient;
  double loss = problem.loss(weight, gradient);
  History history;
  const double small = 1e-6 * static_cast<double>(labels.size());
  for (int iteration = 0; iteration < 500 && dot(gradient, gradient) > small * small; ++iteration) {
    const Vector direction = history.direction(gradient);
    const double slope = dot(direction, gradient);
    double length = history.pairs.empty() ? 1 / std::sqrt(dot(gradient, gradient)) : 1;
    Vector next(weight.size()), next_gradient;
    double next_loss = loss;
    bool found = false;
    for (int halving = 0; halving < 40 && !found; ++halving, length /= 2) {
      for (std::size_t j = 0; j < weight.size(); ++j) next[j] = weight[j] - length * direction[j];
      next_loss = problem.loss(next, next_gradient);
      found = next_loss <= loss - 1e-4 * length * slope;
    }
    if (!found) break;  // rounding is all that is left
    Vector step(weight.size()), change(weight.size());
    for (std::size_t j = 0; j < weight.size(); ++j) {
      step[j] = next[j] - weight[j];
      change[j] = next_gradient[j] - gradient[j];
    }
    history.add(std::move(step), std::move(change));
    weight = std::move(next), gradient = std::move(next_gradient), loss = next_loss;
  }
  return {classes, d, weight};
}

std::vector<float> Logistic::probability(const std::vector<float>& x) const {
  std::vector<float> result;
  Vector p(classes);
  for (std::size_t n = 0; n * d < x.size(); ++n) {
    softmax_of(weight, &x[n * d], d, p);
    result.insert(result.end(), p.begin(), p.end());
  }
  return result;
}

}  // namespace hilum
