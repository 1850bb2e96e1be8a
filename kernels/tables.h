// Every pass of every operation, in one list: what tests, benches and `hilum kernels` walk.
// A new operation adds its includes and its passes here; a new row needs no change here at all.
#pragma once

#include <algorithm>

#include "kernels/adam/cases.h"
#include "kernels/adam/ref.h"
#include "kernels/adaptive_avg_pool/cases.h"
#include "kernels/adaptive_avg_pool/ref.h"
#include "kernels/add/cases.h"
#include "kernels/add/ref.h"
#include "kernels/affine_warp/cases.h"
#include "kernels/affine_warp/ref.h"
#include "kernels/avg_pool/cases.h"
#include "kernels/avg_pool/ref.h"
#include "kernels/batch_norm/cases.h"
#include "kernels/batch_norm/ref.h"
#include "kernels/batch_norm_fused/cases.h"
#include "kernels/batch_norm_fused/ref.h"
#include "kernels/bias/cases.h"
#include "kernels/bias/ref.h"
#include "kernels/channel_affine/cases.h"
#include "kernels/channel_affine/ref.h"
#include "kernels/concat/cases.h"
#include "kernels/concat/ref.h"
#include "kernels/conv2d/cases.h"
#include "kernels/conv2d/inference_ref.h"
#include "kernels/conv2d/ref.h"
#include "kernels/dense/cases.h"
#include "kernels/dense/ref.h"
#include "kernels/dispatch.h"
#include "kernels/dropout/cases.h"
#include "kernels/dropout/ref.h"
#include "kernels/flatten/cases.h"
#include "kernels/flatten/ref.h"
#include "kernels/global_avg_pool/cases.h"
#include "kernels/global_avg_pool/ref.h"
#include "kernels/max_pool/cases.h"
#include "kernels/max_pool/ref.h"
#include "kernels/penalty/cases.h"
#include "kernels/penalty/ref.h"
#include "kernels/relu/cases.h"
#include "kernels/relu/ref.h"
#include "kernels/relu_max_pool/cases.h"
#include "kernels/relu_max_pool/ref.h"
#include "kernels/sgd/cases.h"
#include "kernels/sgd/ref.h"
#include "kernels/sigmoid/cases.h"
#include "kernels/sigmoid/ref.h"
#include "kernels/softmax/cases.h"
#include "kernels/softmax/ref.h"
#include "kernels/softmax_cross_entropy/cases.h"
#include "kernels/softmax_cross_entropy/ref.h"
#include "kernels/zero_pad/cases.h"
#include "kernels/zero_pad/ref.h"

namespace hilum {

template <class... Passes>
struct PassList {};

// Passes of one operation, forward first.
using AllOperations = PassList<
    PassList<Conv2dForward, Conv2dBackwardData, Conv2dBackwardWeight>, PassList<Conv2dInference>,
    PassList<DenseForward, DenseBackwardData, DenseBackwardWeight>,
    PassList<MaxPoolForward, MaxPoolBackward>, PassList<ReluMaxPoolForward, ReluMaxPoolBackward>,
    PassList<AvgPoolForward, AvgPoolBackward>,
    PassList<GlobalAvgPoolForward, GlobalAvgPoolBackward>,
    PassList<AdaptiveAvgPoolForward, AdaptiveAvgPoolBackward>,
    PassList<BatchNormForward, BatchNormBackward>,
    PassList<BatchNormInference, BatchNormInferenceBackward>,
    PassList<BatchNormFusedForward, BatchNormFusedBackward>, PassList<BatchNormFusedRebuild>,
    PassList<ChannelAffineInference>, PassList<ReluForward, ReluBackward>,
    PassList<SigmoidForward, SigmoidBackward>, PassList<AddForward>,
    PassList<BiasForward, BiasBackward>, PassList<ConcatForward, ConcatBackward>,
    PassList<FlattenForward, FlattenBackward>, PassList<ZeroPadForward, ZeroPadBackward>,
    PassList<DropoutForward, DropoutBackward>, PassList<SoftmaxForward>,
    PassList<SoftmaxCrossEntropyForward, SoftmaxCrossEntropyBackward>,
    PassList<PenaltyForward, PenaltyBackward>, PassList<SgdStep>, PassList<AdamStep>,
    PassList<AdamStepAll>, PassList<AffineWarpForward>>;

// The cases of a pass.
template <class Pass>
auto cases_of() {
  return cases(static_cast<const typename Pass::Problem*>(nullptr));
}

// Calls visit.template operator()<Pass>() for every pass.
template <class Visit>
void for_each_pass(Visit&& visit) {
  auto operation = [&]<class... Passes>(PassList<Passes...>) {
    (visit.template operator()<Passes>(), ...);
  };
  [&]<class... Operations>(PassList<Operations...>) {
    (operation(Operations{}), ...);
  }(AllOperations{});
}

// Calls visit(PassList<Forward, Backward...>) for every operation.
template <class Visit>
void for_each_operation(Visit&& visit) {
  [&]<class... Operations>(PassList<Operations...>) {
    (visit(Operations{}), ...);
  }(AllOperations{});
}

// A usage error where forced_kernels_text() names an operation, pass or row that no table has.
inline void check_forced_kernels() {
  const std::string& text = forced_kernels_text();
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string entry = text.substr(begin, end - begin);
    const std::string key = entry.substr(0, entry.find('='));
    const std::string row = entry.substr(key.size() + 1);
    bool known_key = false, known_row = false;
    std::string names;
    for_each_pass([&]<class Pass>() {
      const bool here = key == Pass::op || key == fmt::format("{}.{}", Pass::op, Pass::pass);
      known_key = known_key || here;
      for (const Row<Pass>& candidate : Pass::table()) {
        if (here) known_row = known_row || row == candidate.name;
        if (here) names += fmt::format("{}{}", names.empty() ? "" : ", ", candidate.name);
      }
    });
    if (!known_key) {
      throw usage_error(
          "kernels '{}': '{}' is no operation or pass. Try `hilum kernels list` for the names.",
          text, key);
    }
    if (!known_row) {
      throw usage_error("kernels '{}': '{}' has no row '{}'. Expected one of {}.", text, key, row,
                        names);
    }
    begin = end + 1;
  }
}

}  // namespace hilum
