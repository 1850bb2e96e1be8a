// The sequential networks of two small chest-imaging experiments that were published as notebooks.
//
// cnn: COVID, normal and viral pneumonia at 128 x 128 x 3. Convolution blocks, Flatten, Dense; the
// widths are ours, the notebook's are not published. Shapes after each stage, padding keeps the
// size:
//
//   features    128x128x3 -> 64x64x32 -> 32x32x64 -> 16x16x128 -> 8x8x128
//   classifier  Flatten 8192 -> Dense 128, ReLU, Dropout 0.5 -> Dense classes
//
// cnn:base and its five variants: COVID or not at 200 x 200 x 1, convolutions without padding:
//
//   features    200x200x1 -> 99x99x32 -> 48x48x32 -> 23x23x64 -> 10x10x64
//   classifier  Flatten 6400 -> Dense 128, ReLU -> Dense classes
//
//   cnn:low      last stages with 32 and 64 filters instead of 64 and 64
//   cnn:dropout  0.2 after the first and the third pool and after Dense 128
//   cnn:l1, cnn:l2, cnn:l1l2   0.001 on every convolution's filters, as Keras adds it to the loss
//
// The notebook ends in one sigmoid; here two classes end in a softmax over two logits. They are the
// same function: softmax(a, b) gives the second class sigmoid(b - a).
#include <array>

#include "engine/layers.h"
#include "nets/makers.h"

namespace hilum {
namespace {

struct Plan {
  std::array<std::size_t, 4> filters;
  bool padded = false;
  float dropout_after_pool = 0;  // the first and the third
  float dropout_after_dense = 0;
  float l1 = 0, l2 = 0;  // of the filters
};

Plan plan_of(const std::string& variant) {
  constexpr std::array<std::size_t, 4> base = {32, 32, 64, 64};
  if (variant == "") {
    return {.filters = {32, 64, 128, 128}, .padded = true, .dropout_after_dense = 0.5f};
  }
  if (variant == "low") return {.filters = {32, 32, 32, 64}};
  if (variant == "dropout") {
    return {.filters = base, .dropout_after_pool = 0.2f, .dropout_after_dense = 0.2f};
  }
  if (variant == "l1") return {.filters = base, .l1 = 0.001f};
  if (variant == "l2") return {.filters = base, .l2 = 0.001f};
  if (variant == "l1l2") return {.filters = base, .l1 = 0.001f, .l2 = 0.001f};
  return {.filters = base};
}

}  // namespace

std::unique_ptr<Module> make_cnn(const NetRequest& request) {
  const Plan plan = plan_of(request.variant);
  // The smallest image that leaves one pixel: each stage halves, and takes 2 pixels where unpadded.
  check_size(request, plan.padded ? 16 : 46);
  auto net = std::make_unique<Sequential>();
  auto& features = net->emplace<Sequential>("features");
  std::size_t in = request.channels, side = request.size;
  for (std::size_t stage = 0; stage < plan.filters.size(); ++stage) {
    const std::size_t out = plan.filters[stage];
    features.append<Conv2d>(in, out, 3, plan.padded ? same_padding(3) : Conv2dOptions{})
        .set_regulariser(plan.l1, plan.l2);
    features.append<ReLU>();
    features.append<MaxPool2d>(2);
    if (plan.dropout_after_pool > 0 && stage % 2 == 0) {
      features.append<Dropout>(plan.dropout_after_pool);
    }
    in = out;
    side = (plan.padded ? side : side - 2) / 2;
  }
  auto& classifier = net->emplace<Sequential>("classifier");
  classifier.append<Flatten>();
  classifier.append<Linear>(side * side * in, 128);
  classifier.append<ReLU>();
  if (plan.dropout_after_dense > 0) classifier.append<Dropout>(plan.dropout_after_dense);
  classifier.append<Linear>(128, request.classes);
  return net;
}

}  // namespace hilum
