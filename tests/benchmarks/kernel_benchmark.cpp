#include "tests/benchmarks/kernel_benchmark.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernels/backend_selection.hpp"
#include "kernels/cpu/multiply/cpu_weights.hpp"
#include "kernels/formats/quantize.hpp"
#include "scenarios/load/random.hpp"

namespace squall::benchmarks {
namespace {

using namespace kernels;
using Clock = std::chrono::steady_clock;

constexpr Format formats[] = {Format::f32,  Format::f16,   Format::bf16, Format::q8_0,
                              Format::q4_0, Format::q4_1,  Format::q5_0, Format::q5_1,
                              Format::q2_k, Format::q3_k,  Format::q4_k, Format::q5_k,
                              Format::q6_k, Format::tq1_0, Format::tq2_0};

/// One size of matrices, and how many bytes of them are multiplied in turn.
struct Working {
  const char* name;
  std::size_t rows;
  std::size_t columns;
  std::size_t bytes;  // 0: a single matrix
};
constexpr Working cached{"in L2", 256, 1024, 0};
constexpr Working streamed{"640 MB", 1024, 4096, 640'000'000};

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  scenarios::Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.next() % 2001) * 1e-3F - 1.0F;
  return values;
}

/// The shortest time of many short pieces of work, done in turn over and over until `enough` has
/// gone by: on a shared machine most samples include other programs' turns, the shortest none.
template <class Work>
double best_seconds(std::size_t pieces, double enough, const Work& work) {
  double best = std::numeric_limits<double>::max();
  std::size_t piece = 0;
  std::size_t calls = 1;
  const auto begun = Clock::now();
  for (auto now = begun; std::chrono::duration<double>(now - begun).count() < enough;) {
    const auto before = now;
    for (std::size_t call = 0; call < calls; ++call, piece = (piece + 1) % pieces) work(piece);
    now = Clock::now();
    const double elapsed = std::chrono::duration<double>(now - before).count();
    best = std::min(best, elapsed / static_cast<double>(calls));
    if (elapsed < 2e-4) calls *= 2;
  }
  return best;
}

/// Reads vector after vector, asks for what comes 4 KB later, and does nothing else.
std::uint64_t read_words(const std::byte* bytes, std::size_t count) {
  using Words [[gnu::vector_size(16)]] = std::uint64_t;
  Words sums[4] = {};
  for (std::size_t i = 0; i + sizeof sums <= count; i += sizeof sums) {
    __builtin_prefetch(bytes + i + 4096);
    const auto* words = reinterpret_cast<const Words*>(bytes + i);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) sums[k] ^= words[k];
  }
  const Words all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  return all[0] ^ all[1];
}

/// Bytes a second that `threads` threads read together, each its own pieces one after the other.
double read_ceiling(std::size_t threads, const Working& working, double enough) {
  const std::size_t piece_bytes = working.rows * working.columns;
  const std::size_t pieces = std::max<std::size_t>(1, working.bytes / piece_bytes / threads);
  std::vector<double> rates(threads);
  std::vector<std::jthread> readers;
  for (double& rate : rates) {
    readers.emplace_back([&rate, piece_bytes, pieces, enough] {
      const auto bytes = PackedArena().take(pieces * piece_bytes);
      std::memset(bytes.get(), 1, pieces * piece_bytes);
      std::uint64_t all = 0;
      const double seconds = best_seconds(pieces, enough, [&](std::size_t piece) {
        all += read_words(bytes.get() + piece * piece_bytes, piece_bytes);
      });
      // Nobody asks what was read; but it has to be.
      rate = static_cast<double>(piece_bytes) / seconds + static_cast<double>(all & 1U);
    });
  }
  readers.clear();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

/// Equal matrices, in memory of their own each.
class Matrices {
 public:
  Matrices(Backend& backend, Format format, const Working& working)
      : bytes_of_one_(working.rows * bytes_per_row(format, working.columns)) {
    // A few rows over and over: some formats take long to quantize.
    constexpr std::size_t different_rows = 16;
    const std::size_t row_bytes = bytes_of_one_ / working.rows;
    std::vector<std::byte> source(bytes_of_one_);
    for (std::size_t row = 0; row < different_rows; ++row) {
      quantize_row(format, random_floats(working.columns, row), source.data() + row * row_bytes);
    }
    for (std::size_t row = different_rows; row < working.rows; ++row) {
      std::copy_n(source.begin() + (row - different_rows) * row_bytes, row_bytes,
                  source.begin() + row * row_bytes);
    }
    for (std::size_t bytes = 0; bytes == 0 || bytes < working.bytes; bytes += bytes_of_one_) {
      sources_.push_back(source);
      matrices_.push_back(backend.load({.format = format,
                                        .rows = working.rows,
                                        .columns = working.columns,
                                        .data = sources_.back().data()}));
      if (!matrices_.back()->uses_source()) sources_.pop_back();
    }
  }
  std::size_t size() const { return matrices_.size(); }
  std::size_t bytes_of_one() const { return bytes_of_one_; }
  const WeightMatrix& operator[](std::size_t i) const { return *matrices_[i]; }

 private:
  std::size_t bytes_of_one_;
  std::vector<std::vector<std::byte>> sources_;
  std::vector<std::unique_ptr<WeightMatrix>> matrices_;
};

void measure(Backend& backend, Format format, const Working& working, double ceiling,
             double enough) {
  const Matrices matrices(backend, format, working);
  std::printf("  %-6s %-7s", std::string(name(format)).c_str(), working.name);
  for (const std::size_t batch : {1, 4, 8, 32, 128}) {
    const std::vector<float> input = random_floats(batch * working.columns, 2);
    std::vector<float> output(batch * working.rows);
    const double seconds = best_seconds(matrices.size(), enough, [&](std::size_t matrix) {
      backend.multiply(matrices[matrix], input.data(), output.data(), batch);
    });
    const double done = 1.0 / seconds;
    const double products = done * static_cast<double>(working.rows * working.columns * batch);
    const double read = done * static_cast<double>(matrices.bytes_of_one());
    if (batch == 1) std::printf(" %6.1f GB/s %4.0f %%", read * 1e-9, 100 * read / ceiling);
    std::printf(" %7.1f", products * 1e-9);
    std::fflush(stdout);
  }
  std::printf("\n");
}

}  // namespace

void bench_kernels(std::size_t threads, int repetitions) {
  const double enough = 0.1 * repetitions;
  const auto backend = make_cpu_backend(threads);
  std::printf(
      "multiplication, %s, %zu thread%s: of one column GB/s and the share of what can be "
      "read at all, then GMAC/s for 1, 4, 8, 32 and 128 columns\n",
      std::string(backend->name()).c_str(), threads, threads == 1 ? "" : "s");
  for (const Working& working : {cached, streamed}) {
    const double ceiling = read_ceiling(threads, working, enough);
    std::printf("  read   %-7s %6.1f GB/s\n", working.name, ceiling * 1e-9);
    for (const Format format : formats) measure(*backend, format, working, ceiling, enough);
  }
}

}  // namespace squall::benchmarks
