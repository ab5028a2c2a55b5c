#include "tests/benchmarks/attention_benchmark.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend_selection.hpp"
#include "scenarios/load/random.hpp"

namespace squall::benchmarks {
namespace {

using namespace kernels;
using Clock = std::chrono::steady_clock;

struct ModelShape {
  const char* name;
  std::size_t heads;
  std::size_t kv_heads;
  std::size_t head_dimension;
};
constexpr ModelShape model_shapes[] = {{"135M", 9, 3, 64}, {"1B", 32, 8, 64}};

struct alignas(64) Line {
  std::byte bytes[64];
};

std::vector<float> random_floats(std::size_t count) {
  scenarios::Random random(1);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.next() % 2001) * 1e-3F - 1.0F;
  return values;
}

/// The pages of some sequences of one length, as the layers of a model would have them.
class Cache {
 public:
  Cache(Backend& backend, const KvShape& shape, std::size_t sequences, std::size_t length)
      : pages_of_one_((length + positions_per_page - 1) / positions_per_page) {
    const std::size_t lines = backend.kv_page_bytes(shape) / sizeof(Line);
    memory_.resize(sequences * pages_of_one_ * lines);
    const std::size_t width = shape.kv_heads * shape.head_dimension;
    const std::vector<float> noise = random_floats(width * (length + 1));
    std::vector<KvSlot> slots;
    for (std::size_t s = 0; s < sequences; ++s) {
      slots.clear();
      for (std::size_t page = 0; page < pages_of_one_; ++page) {
        auto* address = memory_[(s * pages_of_one_ + page) * lines].bytes;
        addresses_.push_back(address);
        for (std::size_t i = 0; i < positions_per_page; ++i) slots.push_back({address, i});
      }
      slots.resize(length);
      backend.store_keys_and_values(shape, slots, noise.data(), noise.data() + width, 0);
    }
  }
  const std::byte* const* pages(std::size_t sequence) const {
    return addresses_.data() + sequence * pages_of_one_;
  }

 private:
  std::size_t pages_of_one_;
  std::vector<Line> memory_;
  std::vector<const std::byte*> addresses_;
};

/// Seconds of one call, each sample long enough for the clock: the lowest, since whatever else runs
/// on the machine only adds to it.
double seconds_a_call(Backend& backend, const std::vector<AttentionPart>& parts,
                      const PagedAttention& options, int repetitions) {
  std::vector<double> samples;
  std::size_t calls = 1;
  while (samples.size() < static_cast<std::size_t>(repetitions)) {
    const auto begun = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) backend.attention(parts, options);
    const double elapsed = std::chrono::duration<double>(Clock::now() - begun).count();
    if (elapsed < 1e-3) {
      calls *= 2;
      continue;
    }
    samples.push_back(elapsed / static_cast<double>(calls));
  }
  return *std::ranges::min_element(samples);
}

struct Measurement {
  const ModelShape& model;
  KvFormat format;
  std::size_t sequences;
  std::size_t length;
  std::size_t count;  // of queries of each sequence
};

void measure(Backend& backend, const Measurement& m, int repetitions) {
  const KvShape shape{m.format, m.model.kv_heads, m.model.head_dimension};
  const Cache cache(backend, shape, m.sequences, m.length);
  const std::size_t width = m.model.heads * m.model.head_dimension;
  const std::vector<float> queries = random_floats(m.sequences * m.count * width);
  std::vector<float> output(queries.size());
  std::vector<AttentionPart> parts;
  for (std::size_t s = 0; s < m.sequences; ++s) {
    parts.push_back({.queries = queries.data() + s * m.count * width,
                     .output = output.data() + s * m.count * width,
                     .count = m.count,
                     .first_position = m.length - m.count,
                     .pages = cache.pages(s)});
  }
  const double seconds =
      seconds_a_call(backend, parts, {.heads = m.model.heads, .shape = shape}, repetitions);
  const auto tokens = static_cast<double>(m.sequences * m.count);
  const double seen = static_cast<double>(2 * m.length - m.count + 1) / 2.0;  // by the mean query
  const double products = tokens * seen * 2.0 * static_cast<double>(width);
  const double pages = static_cast<double>(m.length) / static_cast<double>(positions_per_page);
  const double read =
      static_cast<double>(m.sequences * backend.kv_page_bytes(shape)) * pages / seconds * 1e-9;
  const char* format = m.format == KvFormat::f32   ? "f32"
                       : m.format == KvFormat::f16 ? "f16"
                                                   : "q8_0";
  std::printf("  %-5s %-5s %4zu x %4zu of %5zu %10.2f us/token %8.1f GMAC/s %8.1f GB/s\n",
              m.model.name, format, m.sequences, m.count, m.length, seconds / tokens * 1e6,
              products / seconds * 1e-9, read);
  std::fflush(stdout);
}

}  // namespace

void bench_attention(std::size_t threads, int repetitions) {
  const auto backend = make_cpu_backend(threads);
  std::printf("attention of one layer, %s, %zu thread%s: sequences x queries of length\n",
              std::string(backend->name()).c_str(), threads, threads == 1 ? "" : "s");
  for (const ModelShape& model : model_shapes) {
    for (const KvFormat format : {KvFormat::f16, KvFormat::q8_0, KvFormat::f32}) {
      for (const std::size_t length : {128, 512, 2048}) {
        for (const std::size_t sequences : {1, 8, 32}) {
          measure(*backend, {model, format, sequences, length, 1}, repetitions);
        }
      }
      for (const std::size_t length : {128, 512, 2048}) {
        measure(*backend, {model, format, 1, length, 128}, repetitions);
      }
    }
  }
}

}  // namespace squall::benchmarks
