// conv2d, CUDA 5, bf16: as cuda5_tf32.cu, with factors of 8 bits; sums are float. All three passes.
//
// Idea: factors take half the bytes, so a first kernel rounds x, w or dy to bf16 (to nearest, ties
// to even) in the workspace, channels padded to 8; what follows reads 9 taps of that. In the same
// bytes of a stage lie 32 of the depth, and an instruction multiplies 16 of them. Matrices that lie
// the other way (dw: depth is pixels, neighbours are channels) are turned by ldmatrix on the way to
// the registers.
//
// Accuracy: each factor is rounded by 2^-8 of itself: 2 * 2^-8 + 2^-16 = 65536 + 256 eps of the sum
// of |terms|. Not chosen unless asked for: --kernels conv2d=cuda5_bf16.
//
// Since cuda5_tf32: twice the multiply-adds an instruction and half the bytes from L2, for one more
// pass over x: 6 bytes a number, which for 1x1 layers is more than the product reads.
//
// Bounds: as cuda5_tf32, at twice the rate; 1x1 layers: memory, for the rounded copy. From the
// compiler (sm_90): 218 to 238 registers, no spills, two blocks a multiprocessor; a stage is 217 to
// 336 instructions for 64 products; 128 x 64 tiles: 150 registers, three blocks; 64 x 64: 96, five.
#include "kernels/conv2d/cuda4_passes.h"
#include "kernels/conv2d/cuda5_product.h"

namespace hilum {

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda5_bf16);
void conv2d_forward_cuda5_bf16(const Launch& on, const Conv2dProblem& a, const float* x,
                               const float* w, float* y) {
  implicit_forward<TensorProduct<Bf16>>(on, a, x, w, y);
}

HILUM_CUDA_ROW(Conv2dInference, conv2d_inference_cuda5_bf16);
void conv2d_inference_cuda5_bf16(const Launch& on, const Conv2dInferenceProblem& a, const float* x,
                                 const float* w, const float* bias, const float* residual,
                                 float* y) {
  implicit_inference<TensorProduct<Bf16>>(on, a, x, w, {bias, residual, a.activation}, y);
}

HILUM_CUDA_ROW(Conv2dBackwardData, conv2d_backward_data_cuda5_bf16);
void conv2d_backward_data_cuda5_bf16(const Launch& on, const Conv2dProblem& a, const float* w,
                                     const float* dy, float* dx) {
  implicit_backward_data<TensorProduct<Bf16>>(on, a, w, dy, dx);
}

HILUM_CUDA_ROW(Conv2dBackwardWeight, conv2d_backward_weight_cuda5_bf16);
void conv2d_backward_weight_cuda5_bf16(const Launch& on, const Conv2dProblem& a, const float* x,
                                       const float* dy, float* dw) {
  implicit_backward_weight<TensorProduct<Bf16>>(on, a, x, dy, dw);
}

}  // namespace hilum
