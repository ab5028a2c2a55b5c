// 20,000 mutated GGUF files: each is read or refused with ModelError; nothing else may happen.

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <random>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "tests/fixtures/tiny_llama.hpp"
#include "tests/fuzz/load_and_tokenize.hpp"
#include "tests/fuzz/seed_models.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::fixtures;

namespace {

using Bytes = std::vector<std::byte>;

GgufWriter short_file() {
  GgufWriter writer;
  writer.text("general.architecture", "llama")
      .uint32("llama.block_count", 2)
      .number("flag", gguf_bool, std::uint8_t{1})
      .array("numbers", gguf_int32, std::vector<std::int32_t>{1, -2, 3})
      .texts("texts", {"one", "", "three"})
      .f32_tensor("norm", {4}, {1, 2, 3, 4})
      .tensor({"matrix", {32, 2}, tensor_q4_0, Bytes(2 * 18)});
  return writer;
}

std::uint64_t interesting_number(std::mt19937_64& random) {
  const std::uint64_t power = std::uint64_t{1} << (random() % 64);
  switch (random() % 4) {
    case 0:
      return power;
    case 1:
      return power - 1;
    case 2:
      return 0 - power;
    default:
      return random() % 256;
  }
}

/// One to four changes: a bit, a byte, a number of 4 or 8 bytes, a piece cut out or doubled.
Bytes mutated(Bytes bytes, std::size_t reach, std::mt19937_64& random) {
  for (std::uint64_t changes = 1 + random() % 4; changes > 0 && bytes.size() > 16; --changes) {
    const std::size_t at = random() % (std::min(reach, bytes.size()) - 8);
    const std::uint64_t number = interesting_number(random);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 6) {
      case 0:
        bytes[at] ^= static_cast<std::byte>(1U << (random() % 8));
        break;
      case 1:
        bytes[at] = static_cast<std::byte>(random());
        break;
      case 2:
        std::memcpy(&bytes[at], &number, 4);
        break;
      case 3:
        std::memcpy(&bytes[at], &number, 8);
        break;
      case 4:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(1 + random() % 8));
        break;
      case 5:
        bytes.insert(place, 1 + random() % 8, std::byte{0});
        break;
    }
  }
  return bytes;
}

struct Outcomes {
  std::size_t read = 0;
  std::size_t refused = 0;
};

template <typename Read>
Outcomes try_mutations(const Bytes& original, std::size_t reach, std::size_t rounds,
                       const Read& read) {
  std::mt19937_64 random(20240607);
  Outcomes outcomes;
  for (std::size_t i = 0; i < rounds; ++i) {
    const Bytes bytes = mutated(original, reach, random);
    try {
      read(bytes);
      ++outcomes.read;
    } catch (const ModelError&) {
      ++outcomes.refused;
    }
  }
  return outcomes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(mutated_headers_are_read_or_refused) {
  const Bytes original = short_file().bytes();
  const auto read = [](const Bytes& bytes) {
    const GgufFile file("fuzzed.gguf", bytes);
    for (const GgufTensor& tensor : file.tensors()) {
      BOOST_REQUIRE(tensor.data.data() >= bytes.data());
      BOOST_REQUIRE(tensor.data.data() + tensor.data.size() <= bytes.data() + bytes.size());
    }
  };
  const Outcomes outcomes = try_mutations(original, original.size(), 20000, read);
  BOOST_TEST_MESSAGE(outcomes.read << " read, " << outcomes.refused << " refused");
  BOOST_TEST(outcomes.refused > 10000U);
  BOOST_TEST(outcomes.read > 100U);
}

BOOST_AUTO_TEST_CASE(mutated_metadata_of_a_whole_model_are_read_or_refused) {
  const Bytes original = tiny_llama().bytes();
  constexpr std::size_t hyperparameters = 600;  // the vocabulary comes after these
  const Outcomes outcomes = try_mutations(original, hyperparameters, 2000, [](const Bytes& bytes) {
    BOOST_REQUIRE(load_from_memory(bytes)->layers.size() > 0);
  });
  BOOST_TEST_MESSAGE(outcomes.read << " read, " << outcomes.refused << " refused");
  BOOST_TEST(outcomes.refused > 500U);
}

BOOST_AUTO_TEST_CASE(the_seeds_of_the_fuzzer_are_models) {
  BOOST_TEST(seed_models().size() == 9U);
  for (auto& [name, writer] : seed_models()) BOOST_TEST(load_and_tokenize(writer.bytes()), name);
}

BOOST_AUTO_TEST_CASE(mutated_models_of_every_kind_tokenize_or_are_refused) {
  for (auto& [name, writer] : seed_models()) {
    const Bytes original = writer.bytes();
    std::size_t loaded = 0;
    try_mutations(original, original.size(), 1000,
                  [&](const Bytes& bytes) { loaded += load_and_tokenize(bytes) ? 1 : 0; });
    BOOST_TEST_MESSAGE(name << ": " << loaded << " of 1000 are still models");
    BOOST_TEST(loaded > 20U, name);
    BOOST_TEST(loaded < 900U, name);
  }
}
