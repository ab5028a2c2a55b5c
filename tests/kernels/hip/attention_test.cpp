// The GPU's attention over pages: against its formula in double precision, and against itself when
// company, cuts, launches and the order of threads change.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>

#include "kernels/hip/kernel_launches.hpp"
#include "tests/kernels/attention_formula.hpp"
#include "tests/kernels/hip/device_array.hpp"
#include "tests/kernels/hip/every_order.hpp"

namespace squall::kernels::hip {
namespace {

/// The pages of one sequence in device memory, the last one first, filled with noise before
/// anything is stored: halves, floats and scales of all ones are NaNs.
class DevicePages {
 public:
  DevicePages(const TestDevice& device, const KvShape& shape, std::size_t length,
              std::size_t offset = 0)
      : device_(device),
        shape_(shape),
        offset_(offset),
        page_bytes_(offset + kv_page_bytes(shape)),
        count_((length + positions_per_page - 1) / positions_per_page),
        memory_(std::vector<std::byte>(count_ * page_bytes_, std::byte{0xFF})),
        table_(count_) {
    std::vector<const std::byte*> addresses;
    for (std::size_t i = 0; i < count_; ++i) addresses.push_back(page(i));
    table_.write(addresses);
  }

  void store(std::span<const float> keys, std::span<const float> values, std::size_t first) {
    const std::size_t width = shape_.kv_heads * shape_.head_dimension;
    std::vector<DeviceSlot> slots;
    for (std::size_t t = first; t < first + keys.size() / width; ++t) {
      slots.push_back({.page = page(t / positions_per_page),
                       .position = static_cast<std::uint32_t>(t % positions_per_page),
                       .padding = 0});
    }
    const DeviceArray<DeviceSlot> device_slots(slots);
    const DeviceArray<float> device_keys({keys.begin(), keys.end()});
    const DeviceArray<float> device_values({values.begin(), values.end()});
    store_keys_and_values(device_.queue(), shape_, device_slots.data(), slots.size(),
                          device_keys.data(), device_values.data(), offset_);
    device_.finish();
  }

  const std::byte* const* table() const { return table_.data(); }

 private:
  std::byte* page(std::size_t i) const { return memory_.data() + (count_ - 1 - i) * page_bytes_; }

  const TestDevice& device_;
  KvShape shape_;
  std::size_t offset_;
  std::size_t page_bytes_;
  std::size_t count_;
  DeviceArray<std::byte> memory_;
  DeviceArray<const std::byte*> table_;
};

struct Launch {
  std::size_t page_offset = 0;
  unsigned multiprocessors = 1;  // many: positions are split over blocks
  std::size_t spare_extent = 0;  // more than the parts need
};

AttentionExtent extent_of(std::span<const DevicePart> parts, const Launch& how) {
  AttentionExtent extent;
  extent.parts = parts.size() + how.spare_extent / 40;
  for (const DevicePart& part : parts) {
    extent.queries = std::max<std::size_t>(extent.queries, part.count);
    extent.positions =
        std::max<std::size_t>(extent.positions, std::size_t{part.first_position} + part.count);
  }
  extent.queries += how.spare_extent;
  extent.positions += how.spare_extent;
  return extent;
}

void attend_on(const TestDevice& device, std::vector<DevicePart> parts,
               const PagedAttention& options, const Launch& how) {
  DeviceFacts facts = *device.queue().facts;
  facts.multiprocessors = how.multiprocessors;
  const Queue queue{.stream = device.stream(), .facts = &facts};
  const AttentionExtent extent = extent_of(parts, how);
  // Those beyond the parts have no queries.
  parts.resize(extent.parts, DevicePart{});
  const DeviceArray<DevicePart> device_parts(parts);
  const std::size_t bytes = attention_scratch_bytes(queue, options, extent);
  const DeviceArray<std::byte> scratch(bytes);
  attention(queue, device_parts.data(), extent, options, scratch.data());
  device.finish();
}

void check(const KvShape& shape, std::size_t heads, std::size_t length, std::size_t count,
           const Launch& how) {
  const TestDevice device;
  Sequence sequence(shape, heads, length, static_cast<std::uint32_t>(length + 7 * count));
  DevicePages pages(device, shape, length, how.page_offset);
  pages.store(sequence.keys, sequence.values, 0);
  const std::size_t first = length - count;
  const DeviceArray<float> queries(sequence.queries);
  const DeviceArray<float> output(std::vector<float>(count * sequence.query_width + 2, -77.0F));
  const DevicePart part{.queries = queries.data() + first * sequence.query_width,
                        .output = output.data() + 1,
                        .pages = pages.table(),
                        .count = static_cast<std::uint32_t>(count),
                        .first_position = static_cast<std::uint32_t>(first)};
  attend_on(device, {part}, {.heads = heads, .shape = shape, .page_offset = how.page_offset}, how);
  const std::vector<float> actual = output.read();
  BOOST_REQUIRE_EQUAL(actual.front(), -77.0F);
  BOOST_REQUIRE_EQUAL(actual.back(), -77.0F);

  round_to(shape.format, shape.head_dimension, sequence.keys);
  round_to(shape.format, shape.head_dimension, sequence.values);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t kv_offset = head / (heads / shape.kv_heads) * shape.head_dimension;
      const std::size_t place = i * sequence.query_width + head * shape.head_dimension;
      const std::vector<double> expected =
          attend(sequence.queries.data() + first * sequence.query_width + place, sequence,
                 kv_offset, first + i + 1, shape.head_dimension);
      for (std::size_t d = 0; d < shape.head_dimension; ++d) {
        // As the CPU's: scores reach 30, so that rounding them to float moves their exponentials
        // by 4e-6; values reach 30.
        const double error = std::abs(static_cast<double>(actual[1 + place + d]) - expected[d]);
        BOOST_REQUIRE_LT(error, 30.0 * 2e-5);
      }
    }
  }
}

template <class Check>
void with_every_format(Check check_one) {
  for (const KvFormat format : kv_formats) {
    BOOST_TEST_CONTEXT(name_of(format)) { check_one(format); }
  }
}

BOOST_AUTO_TEST_CASE(values_are_weighed_by_the_softmax_of_the_scores) {
  with_every_format([](KvFormat format) {
    for (const std::size_t dimension : {2, 20, 48, 64, 80, 96, 128, 130, 256}) {
      const KvShape shape{.format = format, .kv_heads = 2, .head_dimension = dimension};
      for (const std::size_t length : {1, 33, 140}) {
        check(shape, 6, length, 1, {.page_offset = 192});
      }
      check(shape, 2, 140, 9, {.page_offset = 192});
    }
  });
}

BOOST_AUTO_TEST_CASE(and_so_they_are_whatever_order_threads_run_in) {
  in_every_order([] {
    with_every_format([](KvFormat format) {
      const KvShape shape{.format = format, .kv_heads = 2, .head_dimension = 48};
      check(shape, 6, 140, 1, {});
      check(shape, 6, 140, 1, {.multiprocessors = 100});
      check(shape, 6, 40, 7, {});
    });
  });
}

BOOST_AUTO_TEST_CASE(lengths_around_pages_and_spans_and_any_count_of_queries) {
  with_every_format([](KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 18};
    for (const std::size_t length : {2, 3, 31, 32, 34, 65, 127, 128, 129, 256, 257, 400}) {
      check(shape, 2, length, 1, {});
      check(shape, 2, length, 1, {.multiprocessors = 100});
      check(shape, 2, length, std::min<std::size_t>(length, 2 + length * 7 % 90), {});
    }
  });
}

BOOST_AUTO_TEST_CASE(groups_of_1_to_17_heads) {
  with_every_format([](KvFormat format) {
    for (const std::size_t group : {1, 2, 3, 4, 5, 7, 8, 9, 17}) {
      const KvShape shape{.format = format, .kv_heads = 3, .head_dimension = 34};
      check(shape, group * 3, 71, 1, {});
      check(shape, group * 3, 71, 6, {});
    }
  });
}

/// Outputs of the sequences' last positions: sequence s from `first[s]` on, in pieces of `piece`.
std::vector<float> attend_in_pieces(const KvShape& shape, std::size_t heads,
                                    std::span<const Sequence> sequences,
                                    std::span<const std::size_t> first, std::size_t piece,
                                    bool together, const Launch& how) {
  const TestDevice device;
  std::vector<std::unique_ptr<DevicePages>> pages;
  std::vector<std::unique_ptr<DeviceArray<float>>> arrays;
  std::vector<DeviceArray<float>*> outputs;
  std::vector<DevicePart> parts;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const Sequence& sequence = sequences[s];
    const std::size_t length = sequence.keys.size() / sequence.width;
    pages.push_back(std::make_unique<DevicePages>(device, shape, length));
    pages.back()->store(sequence.keys, sequence.values, 0);
    const float* queries =
        arrays.emplace_back(std::make_unique<DeviceArray<float>>(sequence.queries))->data();
    outputs.push_back(arrays
                          .emplace_back(std::make_unique<DeviceArray<float>>((length - first[s]) *
                                                                             sequence.query_width))
                          .get());
    for (std::size_t begin = first[s]; begin < length; begin += piece) {
      parts.push_back({.queries = queries + begin * sequence.query_width,
                       .output = outputs.back()->data() + (begin - first[s]) * sequence.query_width,
                       .pages = pages.back()->table(),
                       .count = static_cast<std::uint32_t>(std::min(piece, length - begin)),
                       .first_position = static_cast<std::uint32_t>(begin)});
    }
  }
  const PagedAttention options{.heads = heads, .shape = shape};
  if (together) {
    attend_on(device, parts, options, how);
  } else {
    for (const DevicePart& part : parts) attend_on(device, {part}, options, how);
  }
  std::vector<float> all;
  for (const DeviceArray<float>* output : outputs) {
    const std::vector<float> one = output->read();
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

// Exact comparisons throughout: bit for bit. Cuts of one query and of several are answered by
// different kernels.
BOOST_AUTO_TEST_CASE(neither_company_nor_cuts_nor_launches_change_a_bit) {
  with_every_format([](KvFormat format) {
    for (const std::size_t heads : {6, 14}) {
      const KvShape shape{.format = format, .kv_heads = 2, .head_dimension = 40};
      std::vector<Sequence> sequences;
      std::vector<std::size_t> first;
      for (const std::size_t length : {1, 75, 270}) {
        sequences.emplace_back(shape, heads, length, static_cast<std::uint32_t>(length));
        first.push_back(length > 17 ? length - 17 : 0);
      }
      const auto expected = attend_in_pieces(shape, heads, sequences, first, 1, false, {});
      const auto require_same = [&](std::size_t piece, const Launch& how) {
        const auto actual = attend_in_pieces(shape, heads, sequences, first, piece, true, how);
        BOOST_REQUIRE_MESSAGE(actual == expected, "pieces of " << piece << ", " << heads
                                                               << " heads, multiprocessors "
                                                               << how.multiprocessors);
      };
      require_same(1, {});
      require_same(1, {.multiprocessors = 1000, .spare_extent = 100});
      require_same(17, {.spare_extent = 100});
      // The last part of each is a single query: both kernels in one call.
      require_same(8, {.multiprocessors = 1000});
    }
  });
}

BOOST_AUTO_TEST_CASE(waves_of_either_size_and_any_order_of_threads_give_the_same_bits) {
  with_every_format([](KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 64};
    const std::vector<Sequence> one{Sequence(shape, 4, 200, 1)};
    const std::vector<std::size_t> first{190};
    std::vector<float> expected;
    in_every_order([&] {
      for (const std::size_t piece : {1, 10}) {
        for (const unsigned multiprocessors : {1U, 1000U}) {
          const auto actual = attend_in_pieces(shape, 4, one, first, piece, true,
                                               {.multiprocessors = multiprocessors});
          if (expected.empty()) expected = actual;
          BOOST_REQUIRE(actual == expected);
        }
      }
    });
  });
}

BOOST_AUTO_TEST_CASE(long_sequences_are_merged_from_more_spans_than_a_block_has_threads) {
  const KvShape shape{.format = KvFormat::q8_0, .kv_heads = 1, .head_dimension = 2};
  check(shape, 1, 128 * 130, 1, {.multiprocessors = 1000});
}

/// Output of one query over few positions, by one thread a position or by a tile.
std::vector<float> attend_to_few(const KvShape& shape, std::span<const float> queries,
                                 std::span<const float> keys, std::span<const float> values,
                                 std::size_t count) {
  const TestDevice device;
  const std::size_t dimension = shape.head_dimension;
  const std::size_t length = keys.size() / dimension;
  DevicePages pages(device, shape, length);
  pages.store(keys, values, 0);
  const DeviceArray<float> device_queries({queries.begin(), queries.end()});
  const DeviceArray<float> output(count * dimension);
  attend_on(device,
            {{.queries = device_queries.data(),
              .output = output.data(),
              .pages = pages.table(),
              .count = static_cast<std::uint32_t>(count),
              .first_position = static_cast<std::uint32_t>(length - count)}},
            {.heads = 1, .shape = shape}, {});
  std::vector<float> all = output.read();
  return {all.end() - static_cast<std::ptrdiff_t>(dimension), all.end()};
}

BOOST_AUTO_TEST_CASE(a_single_position_returns_its_value) {
  with_every_format([](KvFormat format) {
    for (const std::size_t dimension : {8, 40, 200}) {
      const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = dimension};
      Sequence sequence(shape, 1, 1, 3);
      const auto output = attend_to_few(shape, sequence.queries, sequence.keys, sequence.values, 1);
      round_to(format, dimension, sequence.values);
      BOOST_TEST(output == sequence.values, boost::test_tools::per_element());
    }
  });
}

BOOST_AUTO_TEST_CASE(scores_far_apart_neither_overflow_nor_lose_the_winner) {
  with_every_format([](KvFormat format) {
    for (const std::size_t count : {1, 2}) {
      const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 8};
      const std::vector<float> queries(count * 8, 1000.0F);
      std::vector<float> keys(3 * 8, -1000.0F);
      std::fill(keys.begin() + 8, keys.begin() + 16, 1000.0F);
      std::vector<float> values = random_floats(3 * 8, 16);
      const auto output = attend_to_few(shape, queries, keys, values, count);
      round_to(format, 8, values);
      const auto winner = std::span(values).subspan(8, 8);
      BOOST_TEST(output == winner, boost::test_tools::per_element());
    }
  });
}

BOOST_AUTO_TEST_CASE(values_beyond_halves_stay_finite_and_no_number_stays_none) {
  with_every_format([](KvFormat format) {
    const KvShape shape{.format = format, .kv_heads = 1, .head_dimension = 8};
    for (const std::size_t count : {1, 2}) {
      const std::vector<float> zeros(count * 8, 0.0F);
      // 65520 is the least that would be rounded to an infinity.
      for (const float value : {1e6F, -1e6F, 65520.0F, -65520.0F, std::nanf("")}) {
        const std::vector<float> values(count * 8, value);
        const auto output = attend_to_few(shape, zeros, zeros, values, count);
        const float kept = format == KvFormat::f16 ? std::copysign(65504.0F, value) : value;
        if (std::isnan(value)) {
          BOOST_TEST(std::isnan(output[0]));
        } else {
          BOOST_TEST(output[0] == kept, boost::test_tools::tolerance(1e-6F));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(pages_are_whole_cache_lines_and_narrow_formats_take_less) {
  for (const std::size_t dimension : {2, 8, 48, 64, 80, 96, 128, 256}) {
    const auto bytes = [&](KvFormat format) { return kv_page_bytes({format, 3, dimension}); };
    for (const KvFormat format : kv_formats) BOOST_TEST(bytes(format) % 64 == 0U);
    if (dimension >= 8) BOOST_TEST(bytes(KvFormat::f16) * 2 == bytes(KvFormat::f32));
    if (dimension >= 48) BOOST_TEST(bytes(KvFormat::q8_0) * 10 <= bytes(KvFormat::f16) * 6);
  }
}

BOOST_AUTO_TEST_CASE(nothing_to_do_launches_nothing) {
  const TestDevice device;
  const KvShape shape{.format = KvFormat::f16, .kv_heads = 1, .head_dimension = 8};
  attention(device.queue(), nullptr, {}, {.heads = 1, .shape = shape}, nullptr);
  store_keys_and_values(device.queue(), shape, nullptr, 0, nullptr, nullptr, 0);
  BOOST_CHECK_NO_THROW(device.finish());
}

}  // namespace
}  // namespace squall::kernels::hip
