// Attention over pages on every instruction set of this machine: against its formula in double
// precision, and against itself when batches, cuts and threads change.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>

#include "kernels/backend_selection.hpp"
#include "tests/kernels/attention_formula.hpp"

namespace squall::kernels {
namespace {

/// The pages of one sequence, filled with noise before anything is stored.
class Pages {
 public:
  Pages(Backend& backend, const KvShape& shape, std::size_t length, std::size_t offset = 0)
      : backend_(backend), shape_(shape), offset_(offset) {
    const std::size_t bytes = offset + backend.kv_page_bytes(shape);
    for (std::size_t begin = 0; begin < length; begin += positions_per_page) {
      memory_.push_back(std::make_unique<Line[]>((bytes + sizeof(Line) - 1) / sizeof(Line)));
      addresses_.push_back(memory_.back()[0].bytes);
      // Halves, floats and scales of all ones are NaNs: whoever reads them shows it.
      std::fill_n(memory_.back()[0].bytes, bytes, std::byte{0xFF});
    }
  }

  void store(std::span<const float> keys, std::span<const float> values, std::size_t first) {
    const std::size_t width = shape_.kv_heads * shape_.head_dimension;
    std::vector<KvSlot> slots;
    for (std::size_t t = first; t < first + keys.size() / width; ++t) {
      slots.push_back(
          {.page = memory_[t / positions_per_page][0].bytes, .position = t % positions_per_page});
    }
    backend_.store_keys_and_values(shape_, slots, keys.data(), values.data(), offset_);
  }

  const std::byte* const* addresses() const { return addresses_.data(); }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  Backend& backend_;
  KvShape shape_;
  std::size_t offset_;
  std::vector<std::unique_ptr<Line[]>> memory_;
  std::vector<const std::byte*> addresses_;
};

void check(Backend& backend, const KvShape& shape, std::size_t heads, std::size_t length,
           std::size_t count) {
  Sequence sequence(shape, heads, length, static_cast<std::uint32_t>(length + 7 * count));
  constexpr std::size_t offset = 192;  // another layer's memory comes first
  Pages pages(backend, shape, length, offset);
  pages.store(sequence.keys, sequence.values, 0);
  const std::size_t first = length - count;
  std::vector<float> output(count * sequence.query_width + 2, -77.0F);
  const AttentionPart part{.queries = sequence.queries.data() + first * sequence.query_width,
                           .output = output.data() + 1,
                           .count = count,
                           .first_position = first,
                           .pages = pages.addresses()};
  backend.attention({&part, 1}, {.heads = heads, .shape = shape, .page_offset = offset});
  BOOST_REQUIRE_EQUAL(output.front(), -77.0F);
  BOOST_REQUIRE_EQUAL(output.back(), -77.0F);

  round_to(shape.format, shape.head_dimension, sequence.keys);
  round_to(shape.format, shape.head_dimension, sequence.values);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t kv_offset = head / (heads / shape.kv_heads) * shape.head_dimension;
      const std::size_t place = i * sequence.query_width + head * shape.head_dimension;
      const std::vector<double> expected =
          attend(part.queries + place, sequence, kv_offset, first + i + 1, shape.head_dimension);
      for (std::size_t d = 0; d < shape.head_dimension; ++d) {
        // Scores reach 30, so that rounding them to float moves their exponentials by 4e-6;
        // values reach 30.
        const double error = std::abs(static_cast<double>(part.output[place + d]) - expected[d]);
        BOOST_REQUIRE_LT(error, 30.0 * 2e-5);
      }
    }
  }
}

template <class Check>
void on_every_instruction_set(Check check_one) {
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    for (const KvFormat format : kv_formats) {
      BOOST_TEST_CONTEXT(instruction_set << " " << name_of(format)) {
        check_one(*make_cpu_backend(1, instruction_set), format);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(values_are_weighed_by_the_softmax_of_the_scores) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    for (const std::size_t dimension : {1, 5, 8, 24, 48, 64, 80, 96, 128}) {
      for (const std::size_t group : {1, 3, 4}) {
        for (const std::size_t length : {1, 7, 33, 100}) {
          check(backend, {.format = format, .kv_heads = 2, .head_dimension = dimension}, 2 * group,
                length, 1);
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(every_length_from_1_to_130_and_any_count_of_queries) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    for (std::size_t length = 1; length <= 130; ++length) {
      check(backend, {.format = format, .kv_heads = 1, .head_dimension = 20}, 2, length, 1);
      check(backend, {.format = format, .kv_heads = 1, .head_dimension = 20}, 2, length,
            std::min<std::size_t>(length, 1 + length * 7 % 40));
    }
  });
}

BOOST_AUTO_TEST_CASE(groups_of_1_to_9_heads) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    for (std::size_t group = 1; group <= 9; ++group) {
      for (const std::size_t kv_heads : {1, 3}) {
        const KvShape shape{.format = format, .kv_heads = kv_heads, .head_dimension = 33};
        check(backend, shape, group * kv_heads, 71, 1);
        check(backend, shape, group * kv_heads, 71, 40);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(sequences_of_several_spans) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 16};
    for (const std::size_t length : {256, 257, 700}) {
      check(backend, shape, 3, length, 1);
      check(backend, shape, 3, length, 35);
    }
  });
}

/// Outputs of the sequences' last positions: sequence s from `first[s]` on, in pieces of `piece`.
std::vector<float> attend_in_pieces(Backend& backend, const KvShape& shape, std::size_t heads,
                                    std::span<const Sequence> sequences,
                                    std::span<const std::size_t> first, std::size_t piece,
                                    bool together) {
  std::vector<std::unique_ptr<Pages>> pages;
  std::vector<std::vector<float>> outputs;
  std::vector<AttentionPart> parts;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const Sequence& sequence = sequences[s];
    const std::size_t length = sequence.keys.size() / sequence.width;
    pages.push_back(std::make_unique<Pages>(backend, shape, length));
    pages.back()->store(sequence.keys, sequence.values, 0);
    outputs.emplace_back((length - first[s]) * sequence.query_width);
    for (std::size_t begin = first[s]; begin < length; begin += piece) {
      parts.push_back({.queries = sequence.queries.data() + begin * sequence.query_width,
                       .output = outputs[s].data() + (begin - first[s]) * sequence.query_width,
                       .count = std::min(piece, length - begin),
                       .first_position = begin,
                       .pages = pages.back()->addresses()});
    }
  }
  const PagedAttention options{.heads = heads, .shape = shape};
  if (together) {
    backend.attention(parts, options);
  } else {
    for (const AttentionPart& part : parts) backend.attention({&part, 1}, options);
  }
  std::vector<float> all;
  for (const auto& output : outputs) all.insert(all.end(), output.begin(), output.end());
  return all;
}

// Exact comparisons throughout: bit for bit.
BOOST_AUTO_TEST_CASE(neither_company_nor_cuts_nor_threads_change_a_bit) {
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    for (const KvFormat format : kv_formats) {
      for (const std::size_t heads : {2, 6, 14}) {
        const KvShape shape{.format = format, .kv_heads = 2, .head_dimension = 40};
        std::vector<Sequence> sequences;
        std::vector<std::size_t> first;
        const bool slow = instruction_set == "reference";
        for (const std::size_t length : slow ? std::vector<std::size_t>{3, 90}
                                             : std::vector<std::size_t>{1, 31, 64, 75, 330, 1500}) {
          sequences.emplace_back(shape, heads, length, static_cast<std::uint32_t>(length));
          first.push_back(length > 80 ? length - 80 : 0);
        }
        const auto single = make_cpu_backend(1, instruction_set);
        const auto expected = attend_in_pieces(*single, shape, heads, sequences, first, 1, false);
        for (const std::size_t piece : {1, 3, 16, 33, 80}) {
          for (const std::size_t threads : {1, 2, 3}) {
            const auto backend = make_cpu_backend(threads, instruction_set);
            const auto actual =
                attend_in_pieces(*backend, shape, heads, sequences, first, piece, true);
            BOOST_REQUIRE_MESSAGE(actual == expected, instruction_set << " " << name_of(format)
                                                                      << " pieces of " << piece);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(one_long_sequence_is_shared_by_all_threads_to_the_same_bits) {
  for (const KvFormat format : kv_formats) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 64};
    const std::vector<Sequence> one{Sequence(shape, 4, 3000, 1)};
    const std::vector<std::size_t> last{2999};
    const auto single = make_cpu_backend(1);
    const auto expected = attend_in_pieces(*single, shape, 4, one, last, 1, true);
    for (const std::size_t threads : {2, 5}) {
      const auto backend = make_cpu_backend(threads);
      BOOST_REQUIRE(attend_in_pieces(*backend, shape, 4, one, last, 1, true) == expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_single_position_returns_its_value) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 8};
    Sequence sequence(shape, 1, 1, 3);
    Pages pages(backend, shape, 1);
    pages.store(sequence.keys, sequence.values, 0);
    std::vector<float> output(8);
    const AttentionPart part{.queries = sequence.queries.data(),
                             .output = output.data(),
                             .count = 1,
                             .first_position = 0,
                             .pages = pages.addresses()};
    backend.attention({&part, 1}, {.heads = 1, .shape = shape});
    round_to(format, 8, sequence.values);
    BOOST_TEST(output == sequence.values, boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(scores_far_apart_neither_overflow_nor_lose_the_winner) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 8};
    const std::vector<float> query(8, 1000.0F);
    std::vector<float> keys(3 * 8, -1000.0F);
    std::fill(keys.begin() + 8, keys.begin() + 16, 1000.0F);
    std::vector<float> values = random_floats(3 * 8, 16);
    Pages pages(backend, shape, 3);
    pages.store(keys, values, 0);
    std::vector<float> output(8);
    const AttentionPart part{.queries = query.data(),
                             .output = output.data(),
                             .count = 1,
                             .first_position = 2,
                             .pages = pages.addresses()};
    backend.attention({&part, 1}, {.heads = 1, .shape = shape});
    round_to(format, 8, values);
    const auto winner = std::span(values).subspan(8, 8);
    BOOST_TEST(output == winner, boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(values_beyond_halves_stay_finite_and_no_number_stays_none) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 8};
    const std::vector<float> zeros(8, 0.0F);
    for (const float value : {1e6F, -1e6F, std::nanf("")}) {
      Pages pages(backend, shape, 1);
      pages.store(zeros, std::vector<float>(8, value), 0);
      std::vector<float> output(8);
      const AttentionPart part{.queries = zeros.data(),
                               .output = output.data(),
                               .count = 1,
                               .first_position = 0,
                               .pages = pages.addresses()};
      backend.attention({&part, 1}, {.heads = 1, .shape = shape});
      const float kept = format == KvFormat::f16 ? std::copysign(65504.0F, value) : value;
      if (std::isnan(value)) {
        BOOST_TEST(std::isnan(output[0]));
      } else {
        BOOST_TEST(output[0] == kept, boost::test_tools::tolerance(1e-6F));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(pages_are_whole_cache_lines_and_narrow_formats_take_less) {
  const auto backend = make_cpu_backend(1);
  for (const std::size_t dimension : {1, 8, 48, 64, 80, 96, 128}) {
    const auto bytes = [&](KvFormat format) {
      return backend->kv_page_bytes({format, 3, dimension});
    };
    for (const KvFormat format : kv_formats) BOOST_TEST(bytes(format) % 64 == 0U);
    if (dimension >= 8) BOOST_TEST(bytes(KvFormat::f16) * 2 == bytes(KvFormat::f32));
    if (dimension >= 48) BOOST_TEST(bytes(KvFormat::q8_0) * 10 <= bytes(KvFormat::f16) * 6);
  }
}

// A layer's memory within a page: with the offset everything is as it is without, and the memory
// before it is another's.
BOOST_AUTO_TEST_CASE(an_offset_moves_what_is_stored_and_what_is_read) {
  on_every_instruction_set([](Backend& backend, KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 2, .head_dimension = 16};
    const Sequence sequence(shape, 4, 40, 5);
    const std::size_t bytes = backend.kv_page_bytes(shape);
    std::vector<float> outputs[2];
    for (const std::size_t offset : {std::size_t{0}, 3 * bytes}) {
      const auto memory = backend.allocate(2 * (offset + bytes));
      std::byte* const both[] = {memory->data() + offset + bytes, memory->data()};
      std::fill_n(memory->data(), 2 * (offset + bytes), std::byte{0x5A});
      std::vector<KvSlot> slots;
      for (std::size_t t = 0; t < 40; ++t) slots.push_back({both[t / 32], t % 32});
      backend.store_keys_and_values(shape, slots, sequence.keys.data(), sequence.values.data(),
                                    offset);
      for (const std::byte* page : both) {
        BOOST_TEST(
            std::all_of(page, page + offset, [](std::byte b) { return b == std::byte{0x5A}; }));
      }
      std::vector<float>& output = outputs[offset == 0 ? 0 : 1];
      output.resize(sequence.query_width);
      const std::byte* const pages[] = {both[0], both[1]};
      const AttentionPart part{.queries = sequence.queries.data() + 39 * sequence.query_width,
                               .output = output.data(),
                               .count = 1,
                               .first_position = 39,
                               .pages = pages};
      backend.attention({&part, 1}, {.heads = 4, .shape = shape, .page_offset = offset});
    }
    BOOST_TEST(outputs[0] == outputs[1], boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(no_parts_are_nothing_to_do) {
  const auto backend = make_cpu_backend(2);
  const KvShape shape{.format = KvFormat::f16, .kv_heads = 1, .head_dimension = 8};
  backend->attention(std::span<const AttentionPart>{}, {.heads = 1, .shape = shape});
  backend->store_keys_and_values(shape, {}, nullptr, nullptr, 0);
  BOOST_TEST(backend->threads() == 2U);
}

}  // namespace
}  // namespace squall::kernels
