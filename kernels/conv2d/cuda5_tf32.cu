// conv2d, CUDA 5, TF32: cuda4's products on tensor cores, whose factors have 11 bits instead of 24;
// sums are float. All three passes.
//
// Idea: see cuda5_product.h. x, w and dy are read as they stand, copied to shared memory in the
// background, and rounded (to nearest) where a fragment is loaded: twice a factor is rounded by
// 2^-11 of itself, so the row's tolerance is 2 * 2^-11 = 8192 eps of the sum of |terms|, beside
// float's own. Not chosen unless asked for: --kernels conv2d=cuda5_tf32.
//
// Since cuda4: four to eight times the multiply-adds a clock, 32 a lane and instruction.
//
// Bounds: a warp reads 8 KB of shared memory for 64 x 64 x 16 multiply-adds, which with 128 bytes a
// clock is enough for 1024 multiply-adds a clock, what an H100 has; mma.sync itself is said to
// reach two thirds of that there (the rest takes wgmma). From the compiler (sm_90): 200 to 224
// registers, no spills, 64 KB of shared memory: two blocks, 8 warps a multiprocessor; a stage is
// 281 instructions for 64 products forward, 357 and 452 for the gradients (their fragments lie the
// other way and are read number by number), where the tensor cores take some 400 clocks.
#include "kernels/conv2d/cuda4_passes.h"
#include "kernels/conv2d/cuda5_product.h"

namespace hilum {

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda5_tf32);
void conv2d_forward_cuda5_tf32(const Launch& on, const Conv2dProblem& a, const float* x,
                               const float* w, float* y) {
  implicit_forward<TensorProduct<Tf32>>(on, a, x, w, y);
}

HILUM_CUDA_ROW(Conv2dInference, conv2d_inference_cuda5_tf32);
void conv2d_inference_cuda5_tf32(const Launch& on, const Conv2dInferenceProblem& a, const float* x,
                                 const float* w, const float* bias, const float* residual,
                                 float* y) {
  implicit_inference<TensorProduct<Tf32>>(on, a, x, w, {bias, residual, a.activation}, y);
}

HILUM_CUDA_ROW(Conv2dBackwardData, conv2d_backward_data_cuda5_tf32);
void conv2d_backward_data_cuda5_tf32(const Launch& on, const Conv2dProblem& a, const float* w,
                                     const float* dy, float* dx) {
  implicit_backward_data<TensorProduct<Tf32>>(on, a, w, dy, dx);
}

HILUM_CUDA_ROW(Conv2dBackwardWeight, conv2d_backward_weight_cuda5_tf32);
void conv2d_backward_weight_cuda5_tf32(const Launch& on, const Conv2dProblem& a, const float* x,
                                       const float* dy, float* dw) {
  implicit_backward_weight<TensorProduct<Tf32>>(on, a, x, dy, dw);
}

}  // namespace hilum
