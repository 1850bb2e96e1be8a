// Weights of other layouts in our networks: the outputs are those of the formula in the file's own
// layout, computed here in plain loops; what does not fit is refused and leaves the network alone.
#include <gtest/gtest.h>

#include "engine/init.h"
#include "engine/layers.h"
#include "engine/weights/load.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

FileTensor entry(const std::string& name, const Tensor& tensor, const std::string& layer = "") {
  return {name, layer, NumberType::f32, tensor};
}

WeightFile file_of(WeightFormat format, std::vector<FileTensor> tensors) {
  WeightFile file;
  file.path = "some.file";
  file.format = format;
  file.tensors = std::move(tensors);
  return file;
}

// Image [1,4,4,c], convolution 2x2 of 3 filters, Flatten of 3x3x3, dense of 2.
std::unique_ptr<Sequential> small_net(std::size_t channels, std::size_t classes = 2) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Conv2d>("conv", channels, 3, 2);
  net->emplace<Flatten>("flatten");
  net->emplace<Linear>("fc", 27, classes);
  initialise(*net, 5);
  return net;
}

// The same in double, with filters and dense weights wherever `filter` and `weight` find them.
template <class Filter, class Weight>
std::vector<double> formula(const Tensor& x, const Tensor& b, const Tensor& d, Filter filter,
                            Weight weight) {
  const std::size_t channels = x.size(3);
  std::vector<double> y(d.count());
  for (std::size_t o = 0; o < y.size(); ++o) {
    y[o] = d.data()[o];
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < 3; ++q)
        for (std::size_t k = 0; k < 3; ++k) {
          double sum = b.data()[k];
          for (std::size_t r = 0; r < 2; ++r)
            for (std::size_t s = 0; s < 2; ++s)
              for (std::size_t c = 0; c < channels; ++c)
                sum += x.data()[((p + r) * 4 + q + s) * channels + c] * filter(k, r, s, c);
          y[o] += sum * weight(o, p, q, k);
        }
  }
  return y;
}

void expect_near(const std::vector<float>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-4);
}

const Tensor bias = random_tensor({3}, 2), dense_bias = random_tensor({2}, 4);

TEST(LoadWeights, TorchLayout) {
  const Tensor w = random_tensor({3, 2, 2, 2}, 1), d = random_tensor({2, 27}, 3);
  auto net = small_net(2);
  const LoadReport report =
      load_weights(*net, file_of(WeightFormat::torch_zip,
                                 {entry("module.conv.weight", w), entry("module.conv.bias", bias),
                                  entry("module.fc.weight", d), entry("module.fc.bias", dense_bias),
                                  entry("module.fc.num_batches_tracked", Tensor::zeros({}))}));
  EXPECT_EQ(report.count(LoadStatus::loaded), 4u);
  EXPECT_EQ(report.count(LoadStatus::unused), 1u);
  const Tensor x = random_tensor({1, 4, 4, 2}, 9);
  expect_near(
      (*net)(x).values(),
      formula(
          x, bias, dense_bias,
          [&](auto k, auto r, auto s, auto c) { return w.data()[((k * 2 + c) * 2 + r) * 2 + s]; },
          [&](auto o, auto p, auto q, auto k) { return d.data()[o * 27 + k * 9 + p * 3 + q]; }));
}

// Keras: filters height, width, in, out (or as PyTorch on other backends); dense weights in, out;
// Flatten puts the channels last.
TEST(LoadWeights, KerasLayouts) {
  const Tensor d = random_tensor({27, 2}, 3), x = random_tensor({1, 4, 4, 2}, 9);
  const auto weight = [&](auto o, auto p, auto q, auto k) {
    return d.data()[((p * 3 + q) * 3 + k) * 2 + o];
  };
  for (const bool hwio : {true, false}) {
    const Tensor w = random_tensor(hwio ? Shape{2, 2, 2, 3} : Shape{3, 2, 2, 2}, 1);
    for (const char* backend : {"tensorflow", "theano"}) {
      auto net = small_net(2);
      WeightFile file =
          file_of(WeightFormat::keras_h5,
                  {entry("kernel:0", w, "conv2d_7"), entry("bias:0", bias, "conv2d_7"),
                   entry("kernel:0", d, "dense_1"), entry("bias:0", dense_bias, "dense_1")});
      file.metadata["backend"] = backend;
      const LoadReport report = load_weights(*net, file);
      EXPECT_EQ(report.count(LoadStatus::loaded) + report.count(LoadStatus::converted), 4u);
      const bool turned = !hwio && backend == std::string("theano");
      expect_near((*net)(x).values(), formula(
                                          x, bias, dense_bias,
                                          [&](auto k, auto r, auto s, auto c) {
                                            if (turned) r = 1 - r, s = 1 - s;
                                            return w.data()[hwio ? ((r * 2 + s) * 2 + c) * 3 + k
                                                                 : ((k * 2 + c) * 2 + r) * 2 + s];
                                          },
                                          weight));
    }
  }
}

TEST(LoadWeights, GrayImagesSeeTheSumOfThreeChannels) {
  const Tensor w = random_tensor({3, 3, 2, 2}, 1);
  const std::vector<FileTensor> tensors = {entry("conv.weight", w), entry("conv.bias", bias),
                                           entry("fc.weight", random_tensor({2, 27}, 3)),
                                           entry("fc.bias", dense_bias)};
  auto gray = small_net(1), colour = small_net(3);
  const LoadReport report = load_weights(*gray, file_of(WeightFormat::safetensors, tensors));
  EXPECT_EQ(report.rows[0].status, LoadStatus::converted);
  EXPECT_NE(report.text().find("three input channels summed into one"), std::string::npos);
  load_weights(*colour, file_of(WeightFormat::safetensors, tensors));
  const Tensor x = random_tensor({1, 4, 4, 1}, 9), three = Tensor::empty({1, 4, 4, 3});
  for (std::size_t i = 0; i < 48; ++i) const_cast<Tensor&>(three).data()[i] = x.data()[i / 3];
  const std::vector<float> a = (*gray)(x).values(), b = (*colour)(three).values();
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4);
}

TEST(LoadWeights, CaffeInput) {
  const Tensor w = random_tensor({3, 3, 2, 2}, 1);
  const std::vector<FileTensor> tensors = {entry("conv.weight", w), entry("conv.bias", bias),
                                           entry("fc.weight", random_tensor({2, 27}, 3)),
                                           entry("fc.bias", dense_bias)};
  auto ours = small_net(3), theirs = small_net(3);
  LoadOptions options;
  options.bgr = true;
  options.input_scale = {2, 3, 5};
  load_weights(*ours, file_of(WeightFormat::safetensors, tensors), options);
  load_weights(*theirs, file_of(WeightFormat::safetensors, tensors));
  const Tensor x = random_tensor({1, 4, 4, 3}, 9);
  Tensor turned = Tensor::empty({1, 4, 4, 3});
  for (std::size_t i = 0; i < 48; i += 3) {
    turned.data()[i] = 5 * x.data()[i + 2];
    turned.data()[i + 1] = 3 * x.data()[i + 1];
    turned.data()[i + 2] = 2 * x.data()[i];
  }
  const std::vector<float> a = (*ours)(x).values(), b = (*theirs)(turned).values();
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-3);
}

std::vector<FileTensor> torch_tensors() {
  return {entry("conv.weight", random_tensor({3, 2, 2, 2}, 1)), entry("conv.bias", bias),
          entry("fc.weight", random_tensor({5, 27}, 3)), entry("fc.bias", random_tensor({5}, 4))};
}

TEST(LoadWeights, TheHeadStaysWhereItsClassesAreOthers) {
  auto net = small_net(2);
  const std::vector<float> head = net->find("fc").parameter("weight").values();
  LoadOptions options;
  options.keep_head = true;
  std::vector<FileTensor> tensors = torch_tensors();
  LoadReport report = load_weights(*net, file_of(WeightFormat::safetensors, tensors), options);
  EXPECT_EQ(report.count(LoadStatus::kept), 2u);
  EXPECT_EQ(report.count(LoadStatus::loaded), 2u);
  EXPECT_NE(report.text().find("'fc.weight' is 5x27, the network's 'fc.weight' wants 2x27"),
            std::string::npos)
      << report.text();
  EXPECT_EQ(net->find("fc").parameter("weight").values(), head);
  tensors.resize(2);  // a body without head
  report = load_weights(*net, file_of(WeightFormat::safetensors, tensors), options);
  EXPECT_EQ(report.count(LoadStatus::kept), 2u);
  EXPECT_NE(report.text().find("'fc.weight' (2x27) is missing"), std::string::npos);
}

TEST(LoadWeights, WhatDoesNotFitIsRefusedAndChangesNothing) {
  auto refuse = [](std::vector<FileTensor> tensors, bool keep_head, const std::string& part) {
    auto net = small_net(2);
    const std::vector<float> before = net->find("conv").parameter("weight").values();
    LoadOptions options;
    options.keep_head = keep_head;
    try {
      load_weights(*net, file_of(WeightFormat::safetensors, std::move(tensors)), options);
      ADD_FAILURE() << "accepted: " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data);
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
    EXPECT_EQ(net->find("conv").parameter("weight").values(), before);
  };
  refuse(torch_tensors(), false, "'fc.weight' is 5x27, the network's 'fc.weight' wants 2x27");
  std::vector<FileTensor> tensors = torch_tensors();
  tensors[0].tensor = random_tensor({3, 2, 5, 5}, 1);
  refuse(tensors, true, "'conv.weight' is 3x2x5x5, the network's 'conv.weight' wants 3x2x2x2");
  tensors = torch_tensors();
  tensors.erase(tensors.begin());
  refuse(tensors, true, "'conv.weight' (3x2x2x2) is missing");
  tensors = torch_tensors();
  tensors.push_back(entry("conv.2.weight", random_tensor({3}, 1)));
  refuse(tensors, true, "'conv.2.weight' (3) has no place");
  tensors = torch_tensors();
  tensors[1].tensor = Tensor::full({3}, std::numeric_limits<float>::quiet_NaN());
  refuse(tensors, true, "not finite");
  refuse({}, true, "missing");
}

}  // namespace
}  // namespace hilum
