// Every pass of every operation, in one list, from which any_pass.cpp makes what tests, benches and
// `hilum kernels` walk. A new operation adds its includes and its passes here; a new row needs no
// change here at all.
#pragma once

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

}  // namespace hilum
