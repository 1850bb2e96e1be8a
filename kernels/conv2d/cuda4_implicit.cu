// conv2d, CUDA 4, implicit GEMM: the product of cuda3, whose left matrix is never written. All
// three passes.
//
// Idea: row m of im2col is a pixel, its depth d a tap and a channel; where that number stands in x
// is a sum of a part for m and a part for d. A thread of the product works out the part of its rows
// once, that of its depth once a stage, and reads x in pieces of 16 bytes along the channels
// straight to where the product wants them. The gradients are products of the same kind, of dy and
// the filters from behind, and of x and dy along the pixels (cuda4_passes.h has the three). Where
// the channels are not a multiple of 4, a copy that is padded with zeros is read instead, so every
// size works.
//
//   tiles   128 x 128, 128 x 64 or 64 x 64 results a block, 8 x 16 or 8 x 8 a thread
//   slices  where tiles are too few for a GPU (late layers; dw, whose depth is the pixels), the
//   depth
//           is cut, and a second kernel adds the parts in order: the same bits every time
//   cut     cuda_plan.h estimates each tile and number of slices and takes the fastest
//
// Stride in backward_data: pixels of dx that are a stride apart see the same taps. Each of the
// stride_h x stride_w phases is a product by itself, without a tap that meets no pixel.
//
// Since cuda3: no matrix, so memory sees x, w and y once (and L2 what taps share).
//
// Bounds: multiply-adds. From the compiler (sm_90, bench/gpu/compiled.py): of the main loop of
// 128 x 128 tiles 88 % are multiply-adds forward, 84 and 83 % for the gradients, whose places take
// more to work out; 128 x 64: 77 to 82 %, 64 x 64: 72 to 80 %. No spills; 235 to 241 registers and
// two blocks, 8 warps, a multiprocessor, or 12 warps with 150 registers. More warps are not needed:
// the 128 multiply-adds of a thread depend on nothing but their own sums.
#include "kernels/conv2d/cuda4_passes.h"

namespace hilum {

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda4_implicit);
void conv2d_forward_cuda4_implicit(const Launch& on, const Conv2dProblem& a, const float* x,
                                   const float* w, float* y) {
  implicit_forward<FloatProduct<>>(on, a, x, w, y);
}

HILUM_CUDA_ROW(Conv2dInference, conv2d_inference_cuda4_implicit);
void conv2d_inference_cuda4_implicit(const Launch& on, const Conv2dInferenceProblem& a,
                                     const float* x, const float* w, const float* bias,
                                     const float* residual, float* y) {
  implicit_inference<FloatProduct<>>(on, a, x, w, {bias, residual, a.activation}, y);
}

HILUM_CUDA_ROW(Conv2dBackwardData, conv2d_backward_data_cuda4_implicit);
void conv2d_backward_data_cuda4_implicit(const Launch& on, const Conv2dProblem& a, const float* w,
                                         const float* dy, float* dx) {
  implicit_backward_data<FloatProduct<>>(on, a, w, dy, dx);
}

HILUM_CUDA_ROW(Conv2dBackwardWeight, conv2d_backward_weight_cuda4_implicit);
void conv2d_backward_weight_cuda4_implicit(const Launch& on, const Conv2dProblem& a, const float* x,
                                           const float* dy, float* dw) {
  implicit_backward_weight<FloatProduct<>>(on, a, x, dy, dw);
}

}  // namespace hilum
