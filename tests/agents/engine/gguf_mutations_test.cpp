// Whole models with one thing wrong, hundreds of them: each is refused in words that name the file
// and a remedy, and none makes the loader allocate much more than the file is long.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "tests/fixtures/tiny_llama.hpp"
#include "tests/fuzz/seed_models.hpp"

namespace {

// Bytes that operator new has given since the count was set to 0. One thread.
std::size_t allocated = 0;
std::size_t largest_allocation = 0;

void* counted(std::size_t bytes) {
  allocated += bytes;
  largest_allocation = std::max(largest_allocation, bytes);
  void* memory = std::malloc(std::max<std::size_t>(bytes, 1));
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

using namespace squall;
using namespace squall::agents;
using namespace squall::fixtures;

namespace {

using Bytes = std::vector<std::byte>;

struct Mutation {
  std::string what;
  Bytes bytes;
};

template <typename Number>
Bytes with_number(Bytes bytes, std::size_t offset, Number number,
                  std::size_t size = sizeof(Number)) {
  std::memcpy(bytes.data() + offset, &number, size);
  return bytes;
}

GgufWriter::Tensor& tensor_of(GgufWriter& writer, const std::string& name) {
  return *std::ranges::find(writer.tensors(), name, &GgufWriter::Tensor::name);
}

class Mutations {
 public:
  void add(const std::string& what, GgufWriter writer) { all_.push_back({what, writer.bytes()}); }
  void add(const std::string& what, Bytes bytes) { all_.push_back({what, std::move(bytes)}); }

  void add_headers();
  void add_huge_numbers(const std::string& model, GgufWriter writer);
  void add_keys_of_other_types(const std::string& model, GgufWriter writer);
  void add_hyperparameters_out_of_range();
  void add_tensors();
  void add_tokenizers();
  void add_byte_level_tokenizers();

  const std::vector<Mutation>& all() const { return all_; }

 private:
  std::vector<Mutation> all_;
};

void Mutations::add_headers() {
  const Bytes bytes = tiny_llama().bytes();
  for (const std::string magic : {"FUGG", "lmgg", "fmgg", "vers", "PK\3\4", "GGUG", "ggUF"}) {
    Bytes changed = bytes;
    std::memcpy(changed.data(), magic.data(), 4);
    add("magic " + magic, std::move(changed));
  }
  for (const std::uint32_t version : {0U, 1U, 2U, 4U, 3U << 24, UINT32_MAX}) {
    add("version " + std::to_string(version), with_number(bytes, 4, version));
  }
  for (const std::size_t length : {0U, 3U, 4U, 8U, 23U, 24U, 100U, 5000U, 20000U}) {
    add("cut to " + std::to_string(length),
        Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)));
  }
}

/// Each length, count, type, extent and offset of the file far too large.
void Mutations::add_huge_numbers(const std::string& model, GgufWriter writer) {
  const Bytes bytes = writer.bytes();
  for (const GgufWriter::Field& field : writer.fields()) {
    const std::uint64_t greatest = field.bytes == 8 ? UINT64_MAX : UINT32_MAX;
    for (const std::uint64_t wrong : {greatest, greatest / 2 + 1, greatest / 256}) {
      add(model + ": " + field.meaning + " at " + std::to_string(field.offset) + " is " +
              std::to_string(wrong),
          with_number(bytes, field.offset, wrong, field.bytes));
    }
  }
}

void Mutations::add_keys_of_other_types(const std::string& model, GgufWriter writer) {
  for (const std::string& key : writer.keys()) {
    GgufWriter text = writer;
    text.remove_key(key);
    GgufWriter nested = text;
    GgufWriter array = text;
    const bool is_text = key == "general.architecture" || key == "tokenizer.ggml.model" ||
                         key == "tokenizer.ggml.pre" || key == "tokenizer.chat_template" ||
                         key.ends_with("scaling.type");
    if (is_text) {
      add(model + ": " + key + " is a number", text.uint32(key, 7));
    } else {
      add(model + ": " + key + " is a text", text.text(key, "seven"));
    }
    add(model + ": " + key + " is an array of bools",
        array.array(key, gguf_bool, std::vector<std::uint8_t>(13, 1)));
    add(model + ": " + key + " is an array of arrays",
        nested.array(key, gguf_array, std::vector<std::uint32_t>{4, 0, 0}));
  }
}

void Mutations::add_hyperparameters_out_of_range() {
  const auto with = [](const std::string& key, std::uint32_t value) {
    GgufWriter writer = tiny_llama();
    writer.remove_key(key);
    return writer.uint32(key, value);
  };
  for (const std::string key :
       {"llama.context_length", "llama.embedding_length", "llama.block_count",
        "llama.feed_forward_length", "llama.attention.head_count", "llama.attention.head_count_kv",
        "llama.attention.key_length", "llama.attention.value_length", "llama.rope.dimension_count",
        "llama.vocab_size", "general.alignment"}) {
    for (const std::uint32_t value : {0U, 7U, 1U << 30, UINT32_MAX}) {
      if (key == "llama.context_length" && value == 7U) continue;  // that is a right model
      add(key + " is " + std::to_string(value), with(key, value));
    }
  }
  const float not_a_number = std::numeric_limits<float>::quiet_NaN();
  for (const std::string key : {"llama.rope.freq_base", "llama.rope.scaling.factor",
                                "llama.attention.layer_norm_rms_epsilon"}) {
    for (const float value : {0.0F, -1.0F, 1e-45F / 2, 1e30F, not_a_number}) {
      GgufWriter writer = tiny_llama();
      writer.remove_key(key);
      add(key + " is " + std::to_string(value), writer.float32(key, value));
    }
  }
  add("experts", with("llama.expert_count", 8));
  add("scaling yarn", tiny_llama().text("llama.rope.scaling.type", "yarn"));
}

void Mutations::add_tensors() {
  GgufWriter whole = tiny_llama();
  const Bytes bytes = whole.bytes();
  for (const GgufWriter::Tensor& tensor : whole.tensors()) {
    const std::string& name = tensor.name;
    GgufWriter missing = whole;
    std::erase_if(missing.tensors(), [&](const auto& each) { return each.name == name; });
    if (name != "output.weight") add(name + " is missing", missing);
    GgufWriter wider = whole;
    tensor_of(wider, name).extents.back() += 32;
    tensor_of(wider, name).data.resize(tensor.data.size() * 3);
    add(name + " has another shape", wider);
    GgufWriter deeper = whole;
    tensor_of(deeper, name).extents.insert(tensor_of(deeper, name).extents.end(), {1, 1});
    add(name + " has more dimensions", deeper);
    GgufWriter twice = whole;
    twice.tensor(tensor);
    add(name + " appears twice", twice);
    GgufWriter other = whole;
    other.tensor({"extra." + name, tensor.extents, tensor.type, tensor.data});
    add("extra." + name + " is of no architecture", other);
  }
  std::vector<std::size_t> offsets;
  for (const GgufWriter::Field& field : whole.fields()) {
    if (field.meaning == "tensor offset") offsets.push_back(field.offset);
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    std::uint64_t right = 0;
    std::memcpy(&right, bytes.data() + offsets[i], sizeof(right));
    for (const std::uint64_t wrong : {right + 1, right - 32, std::uint64_t{0}}) {
      add("offset of tensor " + std::to_string(i) + " is " + std::to_string(wrong),
          with_number(bytes, offsets[i], wrong));
    }
  }
}

void Mutations::add_tokenizers() {
  const auto replaced = [](const std::string& key, const std::function<void(GgufWriter&)>& put) {
    GgufWriter writer = tiny_llama();
    writer.remove_key(key);
    put(writer);
    return writer;
  };
  const std::string scores = "tokenizer.ggml.scores";
  const std::string kinds = "tokenizer.ggml.token_type";
  for (const float wrong :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    add("a score is no number", replaced(scores, [&](GgufWriter& writer) {
          std::vector<float> values(260);
          values[100] = wrong;
          writer.array(scores, gguf_float32, values);
        }));
  }
  for (const std::size_t count : {0U, 1U, 259U, 261U}) {
    add(std::to_string(count) + " scores", replaced(scores, [&](GgufWriter& writer) {
          writer.array(scores, gguf_float32, std::vector<float>(count));
        }));
    add(std::to_string(count) + " types", replaced(kinds, [&](GgufWriter& writer) {
          writer.array(kinds, gguf_int32, std::vector<std::int32_t>(count, 1));
        }));
  }
  for (const std::int32_t kind : {0, 7, -1, 1 << 30, 6}) {
    add("all types are " + std::to_string(kind), replaced(kinds, [&](GgufWriter& writer) {
          writer.array(kinds, gguf_int32, std::vector<std::int32_t>(260, kind));
        }));
  }
  for (const std::string name : {"bos", "eos", "unknown", "eot", "eom"}) {
    const std::string key = "tokenizer.ggml." + name + "_token_id";
    for (const std::uint32_t id : {260U, 1U << 31, UINT32_MAX - 1}) {
      add(key + " is " + std::to_string(id),
          replaced(key, [&](GgufWriter& writer) { writer.uint32(key, id); }));
    }
  }
  const std::string tokens = "tokenizer.ggml.tokens";
  add("no tokens", replaced(tokens, [&](GgufWriter& writer) { writer.texts(tokens, {}); }));
  add("tokens of no names", replaced(tokens, [&](GgufWriter& writer) {
        writer.texts(tokens, std::vector<std::string>(260));
      }));
}

void Mutations::add_byte_level_tokenizers() {
  const auto with_merges = [&](const std::vector<std::string>& merges) {
    GgufWriter writer = seed_model("llama", "gpt-2");
    writer.remove_key("tokenizer.ggml.merges");
    return writer.texts("tokenizer.ggml.merges", merges);
  };
  for (const std::string merge : {"", " ", "a", "ab", "a ", " a", "a c", "b a", "aab b", "a  b",
                                  "<s> <s>x", "\xFF \xFF", "a b c"}) {
    add("a merge is '" + merge + "'", with_merges({"a b", merge}));
  }
  GgufWriter unmerged = seed_model("llama", "gpt-2");
  unmerged.remove_key("tokenizer.ggml.merges");
  add("no merges", unmerged);
  for (const std::string& pre :
       std::vector<std::string>{"", "tekken", "gpt2", std::string(1000, 'x')}) {
    GgufWriter writer = seed_model("llama", "gpt-2");
    writer.remove_key("tokenizer.ggml.pre");
    add("pre-tokenizer '" + pre + "'", writer.text("tokenizer.ggml.pre", pre));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_model_with_one_thing_wrong_is_refused_in_words_and_cheaply) {
  Mutations mutations;
  mutations.add_headers();
  mutations.add_hyperparameters_out_of_range();
  mutations.add_tensors();
  mutations.add_tokenizers();
  mutations.add_byte_level_tokenizers();
  for (auto& [name, writer] : seed_models()) {
    mutations.add_huge_numbers(name, writer);
    mutations.add_keys_of_other_types(name, writer);
  }
  BOOST_TEST_MESSAGE(mutations.all().size() << " mutated models");
  BOOST_TEST(mutations.all().size() > 1000U);

  double most = 0;
  for (const Mutation& mutation : mutations.all()) {
    std::string message;
    allocated = largest_allocation = 0;
    try {
      load_from_memory(mutation.bytes);
    } catch (const ModelError& error) {
      message = error.what();
    }
    const std::size_t total = allocated;
    const std::size_t largest = largest_allocation;
    BOOST_TEST(message.starts_with("tiny.gguf: "), mutation.what << ": '" << message << "'");
    BOOST_TEST(message.find("; ") != std::string::npos, mutation.what << ": '" << message << "'");
    BOOST_TEST(message.size() < 500U, mutation.what << ": '" << message << "'");
    // Tables, names and messages; a file of a few kilobytes has some of constant size.
    BOOST_TEST(total < 16 * mutation.bytes.size() + 65536, mutation.what << " cost " << total);
    BOOST_TEST(largest < 4 * mutation.bytes.size() + 16384, mutation.what << " cost " << largest);
    const double ratio =
        static_cast<double>(total) / static_cast<double>(mutation.bytes.size() + 4096);
    most = std::max(most, ratio);
  }
  BOOST_TEST_MESSAGE("at most " << most << " times the file's length is allocated in all");
}
