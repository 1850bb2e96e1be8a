// The scanner, its noise, and the way from a patient to one slice with its masks.
#include "data/phantom_render.h"

#include "kernels/error.h"

namespace hilum {

namespace phantom {

namespace {

constexpr float kWindowLow = -1000, kWindowHigh = 400;

Scanner draw_scanner(Stream r, const Anatomy& a) {
  Scanner s;
  const float body = 2 * (a.width + 30 * a.muscle + a.fat);
  s.field_of_view = std::clamp(body * r.range(0.97f, 1.2f), 280.f, 480.f);
  s.turn = 0.05f * r.normal();
  s.shift = {6 * r.normal(), 6 * r.normal()};
  s.blur = r.range(0.6f, 1.2f);
  s.thickness = r.chance(0.6f) ? r.range(0.8f, 1.6f) : r.range(2, 5);
  s.noise = r.range(14, 46) / std::sqrt(std::max(s.thickness, 1.f));
  s.noise_grain = r.range(0.6f, 1.1f);
  s.edge_boost = r.range(0, 0.9f);
  s.round_field = r.chance(0.5f);
  s.table_radius = r.range(420, 900);
  s.table_thick = r.range(18, 60);
  s.table_hu = r.range(-500, 150);
  return s;
}

// Slices lie within a slab whose place and height vary from patient to patient.
std::vector<float> draw_heights(Stream r, const Anatomy& a, std::size_t slices) {
  const float slab = r.range(0.14f, 0.42f), low = r.range(0.17f, 0.9f - slab);
  std::vector<float> heights(slices);
  for (std::size_t i = 0; i < slices; ++i) {
    const float t =
        (static_cast<float>(i) + 0.5f + r.range(-0.3f, 0.3f)) / static_cast<float>(slices);
    heights[i] = (low + slab * t) * a.height;
  }
  return heights;
}

Philox patient_random(std::uint64_t seed, std::size_t patient) {
  return Philox{seed}.child(purpose("phantom")).child(patient);
}

std::vector<float> gaussian(float sigma) {
  const int half = static_cast<int>(std::ceil(2.5f * sigma));
  std::vector<float> kernel;
  for (int i = -half; i <= half; ++i) {
    kernel.push_back(std::exp(-0.5f * static_cast<float>(i * i) / (sigma * sigma)));
  }
  float sum = 0;
  for (float k : kernel) sum += k;
  for (float& k : kernel) k /= sum;
  return kernel;
}

// Rows, then columns, of a field that wraps around; noise has no edges.
std::vector<float> filter(const std::vector<float>& field, std::size_t n,
                          const std::vector<float>& kernel) {
  const std::size_t half = kernel.size() / 2;
  std::vector<float> wide(n + 2 * half), rows(n * n), out(n * n, 0.f);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t j = 0; j < wide.size(); ++j)
      wide[j] = field[row * n + (j + n * half - half) % n];
    float* to = &rows[row * n];
    for (std::size_t k = 0; k < kernel.size(); ++k) {
      for (std::size_t j = 0; j < n; ++j) to[j] += kernel[k] * wide[j + k];
    }
  }
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t k = 0; k < kernel.size(); ++k) {
      const float* from = &rows[(row + k + n * half - half) % n * n];
      for (std::size_t j = 0; j < n; ++j) out[row * n + j] += kernel[k] * from[j];
    }
  }
  return out;
}

}  // namespace

Canvas::Canvas(std::size_t size, const Scanner& s)
    : size_(size),
      pixel_(s.field_of_view / static_cast<float>(size)),
      soft_(std::sqrt(pixel_ * pixel_ + s.blur * s.blur)),
      half_(0.5f * s.field_of_view),
      shift_(s.shift) {
  const float cosine = std::cos(s.turn), sine = std::sin(s.turn);
  right_ = pixel_ * Vec2{cosine, -sine};
  down_ = pixel_ * Vec2{sine, cosine};
  const auto to_patient = [&](Vec2 q) {
    return Vec2{q.x * cosine + q.y * sine, -q.x * sine + q.y * cosine};
  };
  corner_ = to_patient(Vec2{0.5f * pixel_ - half_, 0.5f * pixel_ - half_} - shift_);
}

void add_noise(const Canvas& canvas, const Scanner& s, const Level& level, Philox random,
               std::vector<float>& hu) {
  const std::size_t n = canvas.size();
  // Uniform numbers, eight bits each, are enough: the filters add up many.
  std::vector<float> white(n * n);
  for (std::size_t i = 0; i < n * n; i += 16) {
    const PhiloxBlock block = random.block(i / 16);
    for (std::size_t k = 0; k < 16 && i + k < n * n; ++k) {
      const std::uint32_t byte = (block.word[k / 4] >> (8 * (k % 4))) & 255u;
      white[i + k] = (static_cast<float>(byte) - 127.5f) / 73.9f;  // deviation 1
    }
  }
  const float sigma = std::max(s.noise_grain / canvas.pixel(), 0.42f);
  const std::vector<float> fine = filter(white, n, gaussian(sigma));
  const std::vector<float> coarse = filter(white, n, gaussian(2.2f * sigma));
  float square = 0;
  for (std::size_t i = 0; i < n * n; ++i) {
    const float v = fine[i] - s.edge_boost * coarse[i];
    square += v * v;
  }
  // A large pixel averages the noise of the small ones that it is made of.
  const float averaged = std::min(1.f, std::pow(0.7f / canvas.pixel(), 0.7f));
  const float gain = s.noise * averaged / std::sqrt(square / static_cast<float>(n * n));
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const std::size_t i = row * n + column;
      const float depth = clamp01(-level.body(canvas.at(row, column)) / 90);
      hu[i] += gain * (0.55f + 0.6f * depth) * (fine[i] - s.edge_boost * coarse[i]);
    }
  }
}

}  // namespace phantom

using namespace phantom;

PhantomPatient::State::State(const PhantomOptions& options, std::size_t patient, PhantomClass label)
    : random(patient_random(options.seed, patient)),
      size(options.size),
      anatomy(draw_anatomy(Stream(random, "anatomy"))),
      scanner(draw_scanner(Stream(random, "scanner"), anatomy)),
      noise(Stream(random, "texture")),
      heights(draw_heights(Stream(random, "slices"), anatomy, options.slices)),
      trees(grow_trees(anatomy, Stream(random, "vessels"))),
      lesions(draw_lesions(anatomy, label, heights, noise, Stream(random, "lesions"))) {}

PhantomPatient::PhantomPatient(const PhantomOptions& options, std::size_t patient,
                               PhantomClass label) {
  if (options.size < 32 || options.size > 2048) {
    throw usage_error("Phantom size {}: expected 32 to 2048 pixels a side. Choose another size.",
                      options.size);
  }
  if (options.slices < 1 || options.slices > 99) {
    throw usage_error("Phantom slices {}: expected 1 to 99 a patient. Choose another number.",
                      options.slices);
  }
  state_ = std::make_unique<State>(options, patient, label);
}
PhantomPatient::~PhantomPatient() = default;
PhantomPatient::PhantomPatient(PhantomPatient&&) noexcept = default;
PhantomPatient& PhantomPatient::operator=(PhantomPatient&&) noexcept = default;

PhantomSlice make_phantom_slice(const PhantomPatient& patient, std::size_t slice) {
  const PhantomPatient::State& s = patient.state();
  if (slice >= s.heights.size()) {
    throw usage_error("Phantom slice {}: this patient has {}. Ask for 0 to {}.", slice,
                      s.heights.size(), s.heights.size() - 1);
  }
  const std::size_t n = s.size, pixels = n * n;
  const Canvas canvas(n, s.scanner);
  const Level level(s.anatomy, s.heights[slice]);
  std::vector<float> hu(pixels);
  paint_body(canvas, s.anatomy, level, s.scanner, s.noise, hu);
  const LungPicture lungs =
      paint_lungs(canvas, s.anatomy, level, s.scanner, s.trees, s.lesions, s.noise);
  for (std::size_t i = 0; i < pixels; ++i) hu[i] = mix(hu[i], lungs.hu[i], lungs.share[i]);
  add_noise(canvas, s.scanner, level, {s.random.key, purpose("noise") + slice}, hu);

  PhantomSlice out;
  for (Image* image : {&out.image, &out.lung, &out.lesion})
    *image = {n, n, 1, std::vector<std::uint8_t>(pixels)};
  std::size_t strongest = 0;
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const std::size_t i = row * n + column;
      float value = (hu[i] - kWindowLow) / (kWindowHigh - kWindowLow);
      if (s.scanner.round_field &&
          length(canvas.on_table(row, column)) > 0.5f * s.scanner.field_of_view)
        value = 0;
      out.image.pixels[i] = static_cast<std::uint8_t>(std::lround(255 * clamp01(value)));
      const bool lung = lungs.share[i] >= 0.5f;
      out.lung.pixels[i] = lung ? 255 : 0;
      out.lesion.pixels[i] = lung && lungs.lesion[i] >= 0.5f ? 255 : 0;
      if (lung && (lungs.lesion[i] > lungs.lesion[strongest] || lungs.share[strongest] < 0.5f))
        strongest = i;
    }
  }
  // A small nodule between the centres of large pixels still is one pixel.
  if (lungs.lesion[strongest] > 0 && lungs.share[strongest] >= 0.5f)
    out.lesion.pixels[strongest] = 255;
  return out;
}

}  // namespace hilum
