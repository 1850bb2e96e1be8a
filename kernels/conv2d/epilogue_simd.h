// conv2d: the epilogue on a vector. Included once an instruction set (see isa.h), so there is no
// include guard.

namespace hilum::HILUM_ISA {
namespace {

// The first `count` lanes of `sum`, which stand for filters k, k + 1, ... at a pixel, of all pixels
// the one of number `pixel`; `filters` is their number.
inline __attribute__((always_inline)) Vec finish(const Epilogue& e, Vec sum, std::size_t k,
                                                 std::size_t pixel, std::size_t filters,
                                                 std::size_t count) {
  if (e.bias == nullptr) return sum;
  sum += load_first(e.bias + k, count);
  if (e.residual != nullptr) sum += load_first(e.residual + pixel * filters + k, count);
  if (e.activation == Activation::none) return sum;
  sum = sum <= Vec{} ? Vec{} : sum;
  const Vec six = broadcast(6);
  if (e.activation == Activation::relu6) sum = sum > six ? six : sum;
  return sum;
}

}  // namespace
}  // namespace hilum::HILUM_ISA
