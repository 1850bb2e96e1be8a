// Buffers for the operands of any pass, in the number type that a row (float), the oracle (double)
// or its error scale (Magnitude) wants. Tests, benches and `hilum kernels run` share it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kernels/magnitude.h"
#include "kernels/row.h"

namespace hilum {

// Taken apart: void (*)(const Launch&, const Problem&, Operands...).
template <class Function>
struct Signature;
template <class Problem, class... Operands>
struct Signature<void (*)(const Launch&, const Problem&, Operands...)> {
  template <template <class...> class List>
  using As = List<Operands...>;
  static constexpr std::size_t count = sizeof...(Operands);
};

// An operand is a pointer, or a list of pointers to pieces: const float* const* and float* const*.
template <class Pointer>
struct Pointee {
  using Type = std::remove_pointer_t<Pointer>;
  static constexpr bool list = false;
};
template <class Element>
struct Pointee<Element* const*> {
  using Type = Element;
  static constexpr bool list = true;
};
template <class Pointer>
inline constexpr bool is_input = std::is_const_v<typename Pointee<Pointer>::Type>;

// Outputs of a row start as NaN and are followed by a guard; both are looked at afterwards.
inline constexpr std::size_t guard_count = 32;
inline constexpr float guard_value = -123456.75f;

// One operand, as whole numbers or as reals; reals hold what a float can hold, so that every number
// type sees the same input.
struct OperandData {
  Operand spec;
  bool input = true;
  bool bytes = false;  // an output of whole numbers up to 255
  std::vector<float> f32;
  std::vector<float> prepared;  // the form that a row wants instead, where it has one
  std::vector<double> f64;
  std::vector<Magnitude> magnitude;
  std::vector<std::uint8_t> u8;
  std::vector<std::int32_t> i32;
  void* copy = nullptr;  // what a row is to use instead, while an OnDevice lives
  // Where the pieces of a list begin, for each number type.
  std::vector<float*> f32_pieces;
  std::vector<double*> f64_pieces;
  std::vector<Magnitude*> magnitude_pieces;
};

inline void fill_reals(OperandData& data, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0, 1);
  const std::size_t count = data.spec.count;
  data.f32.resize(count);
  switch (data.spec.fill) {
    case Fill::normal:
      for (float& v : data.f32) v = static_cast<float>(normal(random));
      break;
    case Fill::rectified:
      for (float& v : data.f32) v = std::max(0.0f, static_cast<float>(normal(random)));
      break;
    case Fill::clipped:
      for (float& v : data.f32) v = std::clamp(4 * static_cast<float>(normal(random)), 0.0f, 6.0f);
      break;
    case Fill::positive:
      for (float& v : data.f32) v = static_cast<float>(0.5 + uniform(random));
      break;
    case Fill::distinct: {
      // A shuffled grid of step 0.05, jittered by less than a quarter of it, without its zero.
      for (std::size_t i = 0; i < count; ++i) {
        const double place = (i % 2 == 0 ? 1.0 : -1.0) * static_cast<double>(i / 2 + 1);
        data.f32[i] = static_cast<float>(0.05 * (place + 0.2 * uniform(random)));
      }
      std::shuffle(data.f32.begin(), data.f32.end(), random);
      break;
    }
    case Fill::probability: {
      const std::size_t row = std::max<std::size_t>(data.spec.range, 1);
      for (std::size_t i = 0; i < count; i += row) {
        double total = 0;
        std::vector<double> values(std::min(row, count - i));
        for (double& v : values) total += v = 0.05 + uniform(random);
        for (std::size_t j = 0; j < values.size(); ++j) {
          data.f32[i + j] = static_cast<float>(row == 1 ? uniform(random) : values[j] / total);
        }
      }
      break;
    }
    case Fill::step:
      for (float& v : data.f32) v = 1;
      break;
    case Fill::affine:
      for (std::size_t i = 0; i < count; ++i) {
        const double identity = i % 6 == 0 || i % 6 == 4 ? 1 : 0;
        const double scale = i % 3 == 2 ? 2.0 : 0.15;
        data.f32[i] = static_cast<float>(identity + scale * normal(random));
      }
      break;
    case Fill::label:
      break;
  }
}

// Bytes of an output start as this, so that one that was not written is seen.
inline constexpr std::uint8_t unwritten = 0xA5;

// An output: NaN, then the guard; bytes where it is one of bytes.
inline void reset_output(OperandData& data) {
  if (data.bytes) {
    data.u8.assign(data.spec.count + guard_count, unwritten);
    return;
  }
  data.f32.assign(data.spec.count + guard_count, std::numeric_limits<float>::quiet_NaN());
  std::fill(data.f32.end() - guard_count, data.f32.end(), guard_value);
}

// Gives the operands their double and Magnitude forms, for the oracle.
inline void widen(std::vector<OperandData>& all) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (OperandData& data : all) {
    if (data.input) {
      data.f64.assign(data.f32.begin(), data.f32.end());
      data.magnitude.assign(data.f64.begin(), data.f64.end());
    } else {
      data.f64.assign(data.spec.count, nan);
      data.magnitude.assign(data.spec.count, Magnitude(nan));
    }
  }
}

// Makes the operand for one parameter of the pass's function.
template <class Pointer>
OperandData make_operand(const Operand& spec, std::mt19937_64& random) {
  using Element = std::remove_const_t<typename Pointee<Pointer>::Type>;
  OperandData data;
  data.spec = spec;
  data.input = is_input<Pointer>;
  data.bytes = !data.input && std::is_same_v<Element, std::uint8_t>;
  if constexpr (!is_input<Pointer>) {
    reset_output(data);
  } else if constexpr (std::is_same_v<Element, float>) {
    fill_reals(data, random);
  } else if constexpr (std::is_same_v<Element, std::uint8_t>) {
    data.u8.resize(spec.count);
    for (auto& v : data.u8)
      v = static_cast<std::uint8_t>(random() % (spec.range ? spec.range : 256));
  } else {
    static_assert(std::is_same_v<Element, std::int32_t>, "operand of a type the harness knows not");
    data.i32.resize(spec.count);
    for (auto& v : data.i32)
      v = static_cast<std::int32_t>(random() % std::max<std::size_t>(spec.range, 1));
  }
  return data;
}

// The pieces of a list lie one after another.
template <class T>
T* const* pieces_of(const Operand& spec, T* first, std::vector<T*>& list) {
  list.clear();
  for (const std::size_t count : spec.pieces) {
    list.push_back(first);
    first += count;
  }
  return list.data();
}

// The pointer that a function over number type T wants for this operand. Absent operands are null.
template <class Pointer, class T>
auto pointer_to(OperandData& data) {
  using Element = std::remove_const_t<typename Pointee<Pointer>::Type>;
  if constexpr (std::is_same_v<T, float> && !Pointee<Pointer>::list) {
    if constexpr (is_input<Pointer> && std::is_same_v<Element, float>) {
      if (!data.prepared.empty()) return static_cast<const float*>(data.prepared.data());
    }
    if (data.copy != nullptr) return static_cast<Pointer>(data.copy);
  }
  if constexpr (Pointee<Pointer>::list) {
    using Piece = std::conditional_t<is_input<Pointer>, const T, T>;
    T* const* list = nullptr;
    if constexpr (std::is_same_v<T, float>) {
      auto* first = data.copy != nullptr ? static_cast<float*>(data.copy) : data.f32.data();
      list = pieces_of(data.spec, first, data.f32_pieces);
    } else if constexpr (std::is_same_v<T, double>) {
      list = pieces_of(data.spec, data.f64.data(), data.f64_pieces);
    } else {
      list = pieces_of(data.spec, data.magnitude.data(), data.magnitude_pieces);
    }
    return static_cast<Piece* const*>(list);
  } else if constexpr (std::is_same_v<Element, std::uint8_t>) {
    return static_cast<Pointer>(data.spec.count ? data.u8.data() : nullptr);
  } else if constexpr (std::is_same_v<Element, std::int32_t>) {
    return static_cast<const std::int32_t*>(data.spec.count ? data.i32.data() : nullptr);
  } else {
    T* pointer = nullptr;
    if (data.spec.count != 0) {
      if constexpr (std::is_same_v<T, float>) pointer = data.f32.data();
      if constexpr (std::is_same_v<T, double>) pointer = data.f64.data();
      if constexpr (std::is_same_v<T, Magnitude>) pointer = data.magnitude.data();
    }
    if constexpr (is_input<Pointer>) {
      return static_cast<const T*>(pointer);
    } else {
      return pointer;
    }
  }
}

template <class Pass>
struct PassCalls;

// Everything generic that is done with a pass: make its operands, run the reference, run a row.
template <class Pass, class Function>
struct PassCallsOf;
template <class Pass, class... Pointers>
struct PassCallsOf<Pass, void (*)(const Launch&, const typename Pass::Problem&, Pointers...)> {
  using Problem = typename Pass::Problem;

  // Filled inputs and reset outputs, as floats; widen() adds what the oracle needs.
  static std::vector<OperandData> make(const Problem& problem, std::uint64_t seed) {
    const std::vector<Operand> specs = Pass::operands(problem);
    if (specs.size() != sizeof...(Pointers)) {
      throw std::logic_error(std::string(Pass::op) + "." + Pass::pass +
                             ": operands() and Function disagree on their number");
    }
    std::mt19937_64 random(seed);
    std::vector<OperandData> all;
    std::size_t i = 0;
    (all.push_back(make_operand<Pointers>(specs[i++], random)), ...);
    return all;
  }

  template <class T>
  static void reference(const Problem& problem, std::vector<OperandData>& all) {
    call([&](auto... pointers) { Pass::template reference<T>(problem, pointers...); },
         static_cast<T*>(nullptr), all, std::index_sequence_for<Pointers...>{});
  }

  // Gives the operand "w" the form that this row wants.
  static void prepare(const Row<Pass>& row, const Problem& problem, std::vector<OperandData>& all) {
    for (OperandData& data : all) {
      data.prepared.clear();
      if (row.prepare == nullptr || std::string_view(data.spec.name) != "w") continue;
      data.prepared.assign(row.prepared_count(problem), std::numeric_limits<float>::quiet_NaN());
      row.prepare(problem, data.f32.data(), data.prepared.data());
    }
  }

  // After prepare() for this row.
  static void row(const Row<Pass>& row, const Launch& launch, const Problem& problem,
                  std::vector<OperandData>& all) {
    call([&](auto... pointers) { row.run(launch, problem, pointers...); },
         static_cast<float*>(nullptr), all, std::index_sequence_for<Pointers...>{});
  }

 private:
  template <class Call, class T, std::size_t... I>
  static void call(Call call, T*, std::vector<OperandData>& all, std::index_sequence<I...>) {
    call(pointer_to<Pointers, T>(all[I])...);
  }
};
template <class Pass>
struct PassCalls : PassCallsOf<Pass, typename Pass::Function> {};

}  // namespace hilum
