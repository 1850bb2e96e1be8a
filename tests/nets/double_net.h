// A network computed a second time, in double, from the references of kernels/ and without tape,
// tensors or tables: what whole nets are checked against. It walks the same modules and reads the
// same parameters, converted to double.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/layers.h"
#include "engine/random.h"
#include "engine/scope.h"
#include "kernels/conv2d/ref.h"
#include "kernels/dense/ref.h"
#include "kernels/dropout/ref.h"
#include "kernels/flatten/ref.h"
#include "kernels/max_pool/ref.h"
#include "kernels/penalty/ref.h"
#include "kernels/relu/ref.h"
#include "kernels/softmax_cross_entropy/ref.h"

namespace hilum::test {

struct DoubleTensor {
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

class DoubleNet {
 public:
  explicit DoubleNet(Module& net) : net_(net) {
    for (const NamedTensor& p : net.parameters()) {
      const std::vector<float> values = p.tensor.values();
      parameters[p.name].assign(values.begin(), values.end());
    }
  }

  std::map<std::string, std::vector<double>> parameters;

  DoubleTensor logits(const Tensor& images) const {
    DoubleTensor x;
    for (std::size_t i = 0; i < 4; ++i) x.shape.push_back(images.size(i));
    const std::vector<float> values = images.values();
    x.values.assign(values.begin(), values.end());
    return run("", net_, std::move(x));
  }

  // Mean cross-entropy plus the regularisers.
  double loss(const Tensor& images, const Tensor& labels) const {
    const DoubleTensor y = logits(images);
    const SoftmaxCrossEntropyProblem a{y.shape[0], y.shape[1]};
    std::vector<double> probability(y.values.size());
    double loss = 0;
    SoftmaxCrossEntropyForward::reference<double>(a, y.values.data(), labels.labels(), nullptr,
                                                  &loss, probability.data());
    net_.for_each([&](const std::string& path, Module& m) {
      if (m.l1() == 0 && m.l2() == 0) return;
      const std::vector<double>& w = parameters.at(join_path(path, "weight"));
      double own = 0;
      PenaltyForward::reference<double>({w.size(), m.l1(), m.l2()}, w.data(), &own);
      loss += own;
    });
    return loss;
  }

 private:
  DoubleTensor run(const std::string& path, Module& m, DoubleTensor x) const {
    const std::vector<std::size_t>& s = x.shape;
    const double* in = x.values.data();
    auto output = [](std::vector<std::size_t> shape) {
      std::size_t count = 1;
      for (std::size_t size : shape) count *= size;
      return DoubleTensor{shape, std::vector<double>(count)};
    };
    DoubleTensor y = output(s);
    if (!m.children().empty()) {
      for (const auto& [name, child] : m.children()) {
        x = run(join_path(path, name), *child, std::move(x));
      }
      return x;
    } else if (const auto* conv = dynamic_cast<const Conv2d*>(&m)) {
      const Shape w = m.parameter("weight").shape();
      const Conv2dOptions& o = conv->options();
      const Conv2dProblem a{s[0],    s[1],         s[2],         s[3],       w[0],
                            w[1],    w[2],         o.stride_h,   o.stride_w, o.pad_h,
                            o.pad_w, o.dilation_h, o.dilation_w, o.groups};
      y = output({a.n, a.p(), a.q(), a.k});
      Conv2dForward::reference<double>(a, in, weight(path), y.values.data());
      add_bias(path, y);
    } else if (m.kind() == "Linear") {
      const DenseProblem a{s[0], s[1], m.parameter("weight").size(0)};
      y = output({a.n, a.o});
      DenseForward::reference<double>(a, in, weight(path), y.values.data());
      add_bias(path, y);
    } else if (const auto* pool = dynamic_cast<const MaxPool2d*>(&m)) {
      const PoolOptions& o = pool->options();
      const MaxPoolProblem a{{s[0], s[1], s[2], s[3], o.window_h, o.window_w, o.stride_h,
                              o.stride_w, o.pad_h, o.pad_w}};
      y = output({a.n, a.p(), a.q(), a.c});
      MaxPoolForward::reference<double>(a, in, y.values.data());
    } else if (m.kind() == "ReLU") {
      ReluForward::reference<double>({x.values.size()}, in, y.values.data());
    } else if (m.kind() == "Flatten") {
      y.shape = {s[0], s[1] * s[2] * s[3]};
      FlattenForward::reference<double>({s[0], s[1], s[2], s[3]}, in, y.values.data());
    } else if (const auto* dropout = dynamic_cast<const Dropout*>(&m)) {
      if (!m.training()) return x;
      DropoutForward::reference<double>({x.values.size(), dropout->rate(), dropout_seed(path), 0},
                                        in, y.values.data());
    } else {
      throw std::logic_error("the double net has no " + m.kind());
    }
    return y;
  }

  const double* weight(const std::string& path) const {
    return parameters.at(join_path(path, "weight")).data();
  }

  void add_bias(const std::string& path, DoubleTensor& y) const {
    const auto found = parameters.find(join_path(path, "bias"));
    if (found == parameters.end()) return;
    const std::size_t c = y.shape.back();
    for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += found->second[i % c];
  }

  Module& net_;
};

}  // namespace hilum::test
