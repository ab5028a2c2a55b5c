// What is written is read back as it was meant, and nothing half-written is left behind.

#include "agents/engine/model/gguf_writer.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

std::vector<std::byte> counted(std::size_t bytes) {
  std::vector<std::byte> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(i * 7);
  return data;
}

void describe(GgufWriter& writer) {
  writer.add_text("general.architecture", "llama");
  writer.add_integer("llama.block_count", 4);
  writer.add_real("llama.rope.freq_base", 500000.0F);
  writer.add_boolean("tokenizer.ggml.add_bos_token", true);
  writer.add_texts("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "", "\xE2\x96\x81y"});
  writer.add_reals("tokenizer.ggml.scores", std::vector<float>{0.0F, -1.5F});
  writer.add_integers("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, -3});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_reads_back_as_it_was_written) {
  const tests::TemporaryFolder folder;
  const auto path = folder.path() / "model.gguf";
  const auto odd = counted(3 * 34);  // a tensor that needs padding after it
  const auto last = counted(5 * 4);
  GgufWriter writer;
  describe(writer);
  writer.add_tensor({"blk.0.ffn_up.weight", {32, 3}, kernels::Format::q8_0});
  writer.add_tensor({"output_norm.weight", {5}, kernels::Format::f32});
  writer.begin(path);
  BOOST_TEST(!std::filesystem::exists(path));  // not before it is whole
  writer.write(std::span(odd).first(50));      // pieces need not end where tensors do
  std::vector<std::byte> rest(odd.begin() + 50, odd.end());
  rest.insert(rest.end(), last.begin(), last.end());
  writer.write(rest);
  writer.finish();
  BOOST_TEST(std::filesystem::file_size(path) == writer.file_bytes());

  const GgufFile file(path);
  const GgufMetadata& metadata = file.metadata();
  BOOST_TEST(metadata.text("general.architecture") == "llama");
  BOOST_TEST(metadata.integer("llama.block_count", {}) == 4U);
  BOOST_TEST(metadata.real("llama.rope.freq_base") == 500000.0);
  BOOST_TEST((metadata.find_boolean("tokenizer.ggml.add_bos_token") == true));
  BOOST_TEST(metadata.texts("tokenizer.ggml.tokens").at(2) == "\xE2\x96\x81y");
  BOOST_TEST((metadata.reals("tokenizer.ggml.scores") == std::vector<float>{0.0F, -1.5F}));
  BOOST_TEST((metadata.integers("tokenizer.ggml.token_type") == std::vector<std::int64_t>{2, -3}));
  const GgufTensor* matrix = file.find_tensor("blk.0.ffn_up.weight");
  BOOST_REQUIRE(matrix != nullptr);
  BOOST_TEST(std::ranges::equal(matrix->data, odd));
  const GgufTensor* norm = file.find_tensor("output_norm.weight");
  BOOST_REQUIRE(norm != nullptr);
  BOOST_TEST(std::ranges::equal(norm->data, last));
}

BOOST_AUTO_TEST_CASE(keys_copied_from_another_file_keep_their_order_types_and_values) {
  const tests::TemporaryFolder folder;
  GgufWriter first;
  describe(first);
  first.begin(folder.path() / "first.gguf");
  first.finish();
  const GgufFile original(folder.path() / "first.gguf");
  GgufWriter second;
  for (const auto& [key, value] : original.metadata().entries()) second.add(key, *value);
  second.begin(folder.path() / "second.gguf");
  second.finish();
  BOOST_TEST(tests::read_file(folder.path() / "first.gguf") ==
             tests::read_file(folder.path() / "second.gguf"));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_not_finished_leaves_nothing) {
  const tests::TemporaryFolder folder;
  {
    GgufWriter writer;
    writer.add_tensor({"output_norm.weight", {5}, kernels::Format::f32});
    writer.begin(folder.path() / "model.gguf");
    writer.write(counted(8));
  }
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_and_a_disk_too_small_are_told) {
  const tests::TemporaryFolder folder;
  GgufWriter writer;
  BOOST_CHECK_THROW(writer.begin(folder.path() / "absent" / "model.gguf"), ModelError);
  GgufWriter huge;
  huge.add_tensor({"output.weight", {1U << 20, 1U << 24}, kernels::Format::f32});
  BOOST_CHECK_EXCEPTION(huge.begin(folder.path() / "model.gguf"), ModelError,
                        [](const ModelError& error) {
                          return std::string(error.what()).find("MiB free") != std::string::npos;
                        });
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
}
