#include "scenarios/datasets/prompt_dataset.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/json_array.hpp"
#include "scenarios/datasets/json_item.hpp"
#include "scenarios/datasets/mapped_text.hpp"
#include "scenarios/text/utf8.hpp"

namespace squall::scenarios {

namespace {

using Format = PromptsFromFile::Format;

Format recognise(const std::filesystem::path& path, std::string_view text) {
  const std::string extension = path.extension().string();
  if (extension == ".txt" || extension == ".md") return Format::text;
  if (extension == ".jsonl" || extension == ".ndjson") return Format::jsonl;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Format::text;
  if (text[first] == '{') return Format::jsonl;
  const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
  const bool array_of_objects = text[first] == '[' && second != std::string_view::npos &&
                                (text[second] == '{' || text[second] == ']');
  return array_of_objects || extension == ".json" ? Format::sharegpt : Format::text;
}

DatasetItem text_item(std::string_view line) {
  if (const std::size_t broken = broken_utf8(line); broken != std::string_view::npos)
    throw ItemMistake("is not UTF-8 from byte " + std::to_string(broken + 1) +
                      " of the line on; convert the file (iconv -t UTF-8)");
  return {{{Speaker::user, std::string(line)}}, {0}, false};
}

}  // namespace

struct PromptDataset::Contents {
  explicit Contents(const std::filesystem::path& path, std::string prompt_field)
      : file(path), field(std::move(prompt_field)) {}

  void index_lines();
  void index_array();
  DatasetItem read(std::string_view item) const {
    return format == Format::text ? text_item(item) : read_prompt_item(item, field);
  }
  void check(std::string_view item, std::size_t offset);

  MappedText file;
  std::string field;
  Format format = Format::text;
  std::vector<std::uint64_t> offsets;  // of the items
  std::uint64_t left_out = 0;
  bool has_conversations = false;
};

void PromptDataset::Contents::check(std::string_view item, std::size_t offset) {
  const DatasetItem content = read(item);
  has_conversations |= content.conversation;
  if (content.parts.empty()) {
    ++left_out;
    return;
  }
  if (offsets.size() == DatasetLimits::items)
    throw ItemMistake("is one item more than the " + std::to_string(DatasetLimits::items) +
                      " that are allowed; split the file");
  offsets.push_back(offset);
}

void PromptDataset::Contents::index_lines() {
  TextLines lines(file);
  while (const auto line = lines.next()) {
    try {
      check(line->text, line->offset);
    } catch (const ItemMistake& mistake) {
      throw DatasetError(file.name() + ":" + std::to_string(line->number) + ": the line " +
                         mistake.what());
    }
  }
}

void PromptDataset::Contents::index_array() {
  const std::string_view text = file.text();
  std::uint64_t item_number = 0;
  const auto refuse = [&](std::size_t offset, const std::string& what) {
    const auto line = 1 + std::ranges::count(text.substr(0, offset), '\n');
    throw DatasetError(file.name() + ":" + std::to_string(line) + ": " + what);
  };
  MappedText::Pass pass(file);
  std::optional<JsonArray> array;
  try {
    array.emplace(text);
    while (const auto item = array->next()) {
      ++item_number;
      try {
        check(text.substr(item->begin, item->end - item->begin), item->begin);
      } catch (const ItemMistake& mistake) {
        refuse(item->begin,
               "item " + std::to_string(item_number) + " of the array " + mistake.what());
      }
      pass.reached(item->begin);
    }
  } catch (const ItemMistake& mistake) {
    refuse(array ? array->offset() : 0,
           "behind " + std::to_string(item_number) + " items: " + mistake.what());
  }
}

PromptDataset::PromptDataset(std::unique_ptr<const Contents> contents)
    : contents_(std::move(contents)) {}
PromptDataset::PromptDataset(PromptDataset&&) noexcept = default;
PromptDataset& PromptDataset::operator=(PromptDataset&&) noexcept = default;
PromptDataset::~PromptDataset() = default;

PromptDataset PromptDataset::open(const std::filesystem::path& path, const PromptsFromFile& how) {
  auto contents = std::make_unique<Contents>(path, how.field);
  contents->format =
      how.format == Format::automatic ? recognise(path, contents->file.text()) : how.format;
  if (contents->format == Format::sharegpt) {
    contents->index_array();
  } else {
    contents->index_lines();
  }
  if (contents->offsets.empty()) {
    throw DatasetError(
        contents->file.name() +
        (contents->left_out > 0
             ? ": in none of the " + std::to_string(contents->left_out) +
                   " conversations a human says anything; check the roles of the messages"
             : ": holds no prompt; write one a line"));
  }
  contents->offsets.shrink_to_fit();
  return PromptDataset(std::move(contents));
}

std::uint64_t PromptDataset::size() const { return contents_->offsets.size(); }
std::uint64_t PromptDataset::left_out() const { return contents_->left_out; }
bool PromptDataset::has_conversations() const { return contents_->has_conversations; }
PromptsFromFile::Format PromptDataset::format() const { return contents_->format; }

DatasetItem PromptDataset::item(std::uint64_t index) const {
  assert(index < size());
  const Contents& contents = *contents_;
  const std::string_view text = contents.file.text();
  const std::size_t begin = contents.offsets[index];
  try {
    const std::string_view item = contents.format == Format::sharegpt
                                      ? text.substr(begin, end_of_json_value(text, begin) - begin)
                                      : line_at(text, begin);
    DatasetItem result = contents.read(item);
    if (result.parts.empty()) throw ItemMistake("is empty");
    return result;
  } catch (const ItemMistake& mistake) {
    throw DatasetError(contents.file.name() + ": item " + std::to_string(index + 1) + " " +
                       mistake.what() +
                       " (it was well when the file was opened: leave the file alone during a "
                       "run)");
  }
}

}  // namespace squall::scenarios
