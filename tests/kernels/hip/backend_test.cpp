// The backend of GPUs through the interface that the engine uses: whole layers against the CPU's
// reference, work that is put off, graphs, memory, and a device that is lost.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/backend_selection.hpp"
#include "kernels/hip/backend/hip_backend.hpp"
#include "kernels/hip/emulation/emulation_settings.hpp"
#include "tests/kernels/hip/every_order.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels {
namespace {

using hip::emulation::settings;

constexpr std::size_t dimension = 64;
constexpr std::size_t vocabulary = 50;
constexpr std::size_t most_tokens = 40;
constexpr KvShape kv_shape{.format = KvFormat::f16, .kv_heads = 2, .head_dimension = 16};
constexpr std::size_t heads = 4;
constexpr std::size_t key_width = 32;
constexpr std::size_t layers = 2;

/// A small transformer without feed-forward, for whatever backend.
class SmallModel {
 public:
  explicit SmallModel(Backend& backend) : backend_(backend) {
    table_ = backend.load_table(embedding_.view());
    query_ = backend.load(small(query_weights_));
    key_ = backend.load(small(key_weights_));
    value_ = backend.load(value_weights_.view());
    output_ = backend.load(output_weights_.view());
    norm_ = backend.load_values(norm_values_);
    memory_ = backend.allocate((4 * dimension + 2 * key_width + vocabulary) * most_tokens * 4);
    page_bytes_ = backend.kv_page_bytes(kv_shape);
    pages_memory_ = backend.allocate(layers * pages * page_bytes_);
    for (std::size_t i = 0; i < pages; ++i) {
      pages_.push_back(pages_memory_->data() + i * page_bytes_);
    }
  }

  /// The tokens follow those of the calls before. The last one's logits are put off.
  void run(const std::vector<std::int32_t>& tokens) {
    const std::size_t count = tokens.size();
    std::vector<std::int32_t> positions(count);
    std::iota(positions.begin(), positions.end(), static_cast<std::int32_t>(length_));
    std::vector<KvSlot> slots;
    for (std::size_t i = 0; i < count; ++i) {
      slots.push_back({.page = pages_[(length_ + i) / 32], .position = (length_ + i) % 32});
    }
    backend_.embed(*table_, tokens, residual());
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const std::size_t offset = layer * pages * page_bytes_;
      backend_.rms_norm(residual(), norm_, normed(), count, dimension, 1e-5F);
      const Product products[] = {
          {query_.get(), query()}, {key_.get(), key()}, {value_.get(), value()}};
      backend_.multiply(products, normed(), count);
      rotate(query(), positions, heads);
      rotate(key(), positions, kv_shape.kv_heads);
      backend_.store_keys_and_values(kv_shape, slots, key(), value(), offset);
      const AttentionPart part{.queries = query(),
                               .output = attended(),
                               .count = count,
                               .first_position = length_,
                               .pages = pages_.data()};
      backend_.attention({&part, 1}, {.heads = heads, .shape = kv_shape, .page_offset = offset});
      backend_.add(residual(), attended(), count * dimension);
    }
    const std::size_t last[] = {count - 1};
    backend_.gather_rows(residual(), last, dimension, normed());
    backend_.multiply(*output_, normed(), logits(), 1);
    length_ += count;
  }

  std::vector<float> read_logits() {
    const auto got = backend_.read(logits(), vocabulary);
    return {got.begin(), got.end()};
  }
  std::vector<Candidate> best(std::size_t count) {
    const auto got = backend_.greatest(logits(), 1, vocabulary, count);
    return {got.begin(), got.end()};
  }
  void forget() { length_ = 0; }
  WeightMatrix& query_matrix() { return *query_; }

 private:
  static constexpr std::size_t pages = 8;

  /// Weights of a size at which attention looks at many positions: with greater ones it would jump
  /// from one to another when a score changes by little.
  static TensorView small(const RandomMatrix& weights) {
    TensorView view = weights.view();
    view.scale = 0.03F;
    return view;
  }

  void rotate(float* values, const std::vector<std::int32_t>& positions, std::size_t count) {
    backend_.rope(values, positions,
                  {.heads = count, .head_dimension = 16, .rotated_dimensions = 16});
  }
  float* residual() const { return memory_->floats(); }
  float* normed() const { return residual() + most_tokens * dimension; }
  float* query() const { return normed() + most_tokens * dimension; }
  float* attended() const { return query() + most_tokens * dimension; }
  float* key() const { return attended() + most_tokens * dimension; }
  float* value() const { return key() + most_tokens * key_width; }
  float* logits() const { return value() + most_tokens * key_width; }

  Backend& backend_;
  RandomMatrix embedding_{Format::q8_0, vocabulary, dimension, 1};
  RandomMatrix query_weights_{Format::q8_0, dimension, dimension, 2};
  RandomMatrix key_weights_{Format::q8_0, key_width, dimension, 3};
  RandomMatrix value_weights_{Format::f16, key_width, dimension, 4};
  RandomMatrix output_weights_{Format::f32, vocabulary, dimension, 5};
  std::vector<float> norm_values_ = random_floats(dimension, 6);
  std::unique_ptr<WeightMatrix> table_, query_, key_, value_, output_;
  const float* norm_ = nullptr;
  std::unique_ptr<BackendMemory> memory_;
  std::unique_ptr<BackendMemory> pages_memory_;
  std::size_t page_bytes_ = 0;
  std::vector<std::byte*> pages_;
  std::size_t length_ = 0;
};

/// The greatest difference, as a share of the greatest value.
double distance(const std::vector<float>& expected, const std::vector<float>& got) {
  double greatest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    greatest = std::max(greatest, std::abs(double{expected[i]}));
    difference = std::max(difference, std::abs(double{expected[i]} - got[i]));
  }
  return difference / greatest;
}

// Keys and values are rounded to halves, 2^-11, and so are inputs of large products; one that
// differs in its last bits may be rounded the other way. Two layers of that, each with a sum.
constexpr double tolerance = 4 * 0x1p-11;

const std::vector<std::int32_t> prompt{3, 14, 15, 9, 26, 5, 35, 8, 9, 7, 49};

std::vector<std::vector<float>> logits_of(Backend& backend) {
  SmallModel model(backend);
  std::vector<std::vector<float>> all;
  model.run(prompt);
  all.push_back(model.read_logits());
  for (std::int32_t token = 0; token < 40; ++token) {
    model.run({token});
    all.push_back(model.read_logits());
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(whole_layers_give_what_the_reference_gives) {
  const auto reference = make_cpu_backend(1, "reference");
  const auto expected = logits_of(*reference);
  hip::in_every_order([&] {
    hip::HipBackend backend({});
    const auto got = logits_of(backend);
    for (std::size_t i = 0; i < got.size(); ++i) {
      BOOST_TEST(distance(expected[i], got[i]) <= tolerance, "step " << i);
    }
  });
}

BOOST_AUTO_TEST_CASE(repeated_steps_are_graphs_and_change_no_bit) {
  hip::HipBackend backend({});
  SmallModel model(backend);
  std::vector<std::vector<float>> first;
  const std::uint64_t graphs_before = settings().graphs;
  for (int round = 0; round < 3; ++round) {
    model.forget();
    for (std::int32_t token = 0; token < 4; ++token) {
      model.run({token});
      const auto logits = model.read_logits();
      if (round == 0) {
        first.push_back(logits);
      } else {
        BOOST_TEST(logits == first[static_cast<std::size_t>(token)],
                   boost::test_tools::per_element());
      }
    }
  }
  // Twelve steps. The first makes room for its scratch memory on the way, and so is run in parts;
  // the second is the first whole one; all others are graphs.
  BOOST_TEST(settings().graphs - graphs_before == 10U);
}

BOOST_AUTO_TEST_CASE(a_step_over_many_pages_is_one_graph) {
  hip::HipBackend backend({});
  // All pages are one: what matters is the length of their table, here more than half of what
  // tables have at first.
  const KvShape shape{.format = KvFormat::f32, .kv_heads = 1, .head_dimension = 4};
  const auto page = backend.allocate(backend.kv_page_bytes(shape));
  const auto memory = backend.allocate(2 * 4 * sizeof(float));
  constexpr std::size_t count = 1030;
  const std::vector<const std::byte*> pages(count, page->data());
  const AttentionPart part{.queries = memory->floats(),
                           .output = memory->floats() + 4,
                           .count = 1,
                           .first_position = count * positions_per_page - 1,
                           .pages = pages.data()};
  const auto step = [&] {
    const std::uint64_t before = settings().graphs;
    for (int layer = 0; layer < 3; ++layer) {
      backend.attention({&part, 1}, {.heads = 1, .shape = shape, .page_offset = 0});
    }
    backend.read(memory->floats(), 8);
    return settings().graphs - before;
  };
  // The first makes room, the second is the first whole one.
  step();
  step();
  BOOST_TEST(step() == 1U);
  BOOST_TEST(step() == 1U);
}

BOOST_AUTO_TEST_CASE(heads_that_are_too_wide_are_refused_before_any_kernel_meets_them) {
  const hip::HipBackend backend({});
  BOOST_TEST(backend.kv_page_bytes({.kv_heads = 1, .head_dimension = 256}) > 0U);
  BOOST_CHECK_EXCEPTION(backend.kv_page_bytes({.kv_heads = 1, .head_dimension = 257}), DeviceError,
                        [](const DeviceError& error) {
                          const std::string what = error.what();
                          return what.find("gpu emulation of a GPU") == 0 &&
                                 what.find("heads of 257 values; at most 256 are supported") !=
                                     std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(a_pass_that_nobody_reads_still_leaves_its_keys) {
  hip::HipBackend backend({});
  SmallModel whole(backend);
  whole.run(prompt);
  const auto expected = whole.read_logits();
  SmallModel cut(backend);
  for (const std::int32_t token : prompt) cut.run({token});
  const auto got = cut.read_logits();
  BOOST_TEST(distance(expected, got) <= tolerance);
}

BOOST_AUTO_TEST_CASE(the_greatest_logits_are_found_on_the_device) {
  hip::HipBackend backend({});
  SmallModel model(backend);
  model.run(prompt);
  const auto best = model.best(5);
  const auto logits = model.read_logits();
  BOOST_TEST(best.size() == 5U);
  BOOST_TEST(best[0].index == std::max_element(logits.begin(), logits.end()) - logits.begin());
  for (std::size_t i = 0; i < 5; ++i) {
    BOOST_TEST(best[i].value == logits[static_cast<std::size_t>(best[i].index)]);
    if (i > 0) BOOST_TEST(best[i].value <= best[i - 1].value);
  }
}

BOOST_AUTO_TEST_CASE(memory_starts_as_zeros_and_gives_back_what_was_written) {
  hip::HipBackend backend({});
  const auto memory = backend.allocate(1000 * sizeof(float));
  const auto zeros = backend.read(memory->floats(), 1000);
  for (const float value : zeros) BOOST_TEST(value == 0.0F);
  std::vector<float> values = random_floats(999, 7);
  backend.write(values, memory->floats() + 1);
  const std::vector<float> kept = values;
  values.assign(999, 0);  // the caller's again
  const auto got = backend.read(memory->floats() + 1, 999);
  BOOST_TEST(got == kept, boost::test_tools::per_element());
  BOOST_TEST(backend.read(memory->floats(), 1)[0] == 0.0F);
}

BOOST_AUTO_TEST_CASE(weights_are_copied_so_that_the_file_may_go) {
  hip::HipBackend backend({});
  SmallModel model(backend);
  BOOST_TEST(!model.query_matrix().uses_source());
  BOOST_TEST(model.query_matrix().rows() == dimension);
  BOOST_TEST(backend.name() == "gpu emulation of a GPU on the CPU (emulation)");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_and_the_backend_goes_on) {
  hip::HipBackend backend({.device = 0, .memory_limit = 4 << 20});
  BOOST_CHECK_THROW(backend.allocate(5 << 20), std::bad_alloc);
  BOOST_CHECK_THROW(backend.allocate(5 << 20), DeviceOutOfMemory);
  const auto memory = backend.allocate(1 << 20);
  BOOST_TEST(backend.read(memory->floats(), 1)[0] == 0.0F);
}

BOOST_AUTO_TEST_CASE(a_lost_device_is_named_and_stays_lost_without_harm) {
  const hip::EmulatedOrder restored(32, false);
  for (std::uint64_t call = 1; call <= 30; ++call) {
    hip::HipBackend backend({});
    SmallModel model(backend);
    model.run(prompt);
    model.read_logits();
    settings().lost_at_call = settings().calls + call;
    bool lost = false;
    for (std::int32_t token = 0; token < 30 && !lost; ++token) {
      try {
        model.run({token});
        model.read_logits();
      } catch (const DeviceError& error) {
        lost = true;
        const std::string what = error.what();
        BOOST_TEST(what.find("gpu emulation of a GPU") == 0U, what);
        BOOST_TEST(what.find("hipErrorLaunchFailure") != std::string::npos, what);
      }
    }
    BOOST_TEST(lost);
    model.run({1});
    BOOST_CHECK_THROW(model.read_logits(), DeviceError);
    settings().lost_at_call = 0;  // so that memory can be freed
  }
}

}  // namespace squall::kernels
