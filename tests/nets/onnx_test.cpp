// Networks as ONNX: the ONNX library's own checker accepts every one, and HILUM_ONNX_OUT=FOLDER
// leaves models, inputs and logits there for tests/house/onnx_test.sh to run in another runtime.
#include "engine/onnx.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/file.h"
#include "engine/init.h"
#include "kernels/error.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"
#include "tests/nets/stir.h"

namespace hilum {
namespace {

std::string raw(const Tensor& t) {
  const std::vector<float> values = t.values();
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Two images, another number than the graph was traced with.
void write_case(const std::string& name, std::size_t size, const std::filesystem::path& folder) {
  const std::size_t channels = net_defaults(name).channels;
  const std::unique_ptr<Module> net = make_net(name, 3, channels, size);
  initialise(*net, 7);
  test::stir(*net);
  write_onnx(folder / (name + ".onnx"), *net, {1, size, size, channels}, {{"net", name}});
  const NoGrad no_grad;
  net->train(false);
  const Tensor x = test::random_tensor({2, size, size, channels}, 11);
  Tensor nchw = Tensor::empty({2, channels, size, size});
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < size * size; ++i)
      for (std::size_t c = 0; c < channels; ++c)
        nchw.data()[(n * channels + c) * size * size + i] =
            x.data()[(n * size * size + i) * channels + c];
  write_file_atomically(folder / (name + ".x"), raw(nchw));
  write_file_atomically(folder / (name + ".y"), raw((*net)(x)));
}

#ifdef HILUM_HAVE_ONNX

// One of each kind of operation and wiring, at a size that leaves ragged edges.
TEST(Onnx, ModelsPassTheChecker) {
  const test::TemporaryFolder temporary;
  const char* out = std::getenv("HILUM_ONNX_OUT");
  const char* net = std::getenv("HILUM_ONNX_NET");
  std::vector<std::string> names = {"cnn",         "cnn:base",      "resnet18",
                                    "densenet121", "squeezenet1_1", "efficientnet_lite0"};
  if (net != nullptr) names = {net};
  const std::filesystem::path folder = out != nullptr ? std::filesystem::path(out) : temporary / "";
  for (const std::string& name : names) {
    write_case(name, 75, folder);
    EXPECT_GT(std::filesystem::file_size(folder / (name + ".onnx")), 10'000u);
  }
}

#else

TEST(Onnx, IsRefusedWhereItIsNotInTheBuild) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(write_case("cnn", 75, folder / ""), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "cnn.onnx"));
}

#endif

}  // namespace
}  // namespace hilum
