#include "scenarios/schema/sections/prompts_section.hpp"

#include <algorithm>
#include <utility>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr std::size_t most_categories = 64;
constexpr Section category_prompts{"[categories.prompts]", prompts_keys};
constexpr Section category_answers{"[categories.answers]", answers_keys};

PromptsFromFile read_file(const TableReader& reader) {
  constexpr std::array<string_view, 4> formats{"auto", "text", "jsonl",
                                               "sharegpt"};  // in the order of Format
  PromptsFromFile prompts;
  assign(prompts.file, reader.line("file", longest_path));
  assign(prompts.format, reader.choice("format", formats, "formats"));
  assign(prompts.field, reader.line("field", longest_name));
  const bool may_have_fields = prompts.format == PromptsFromFile::Format::automatic ||
                               prompts.format == PromptsFromFile::Format::jsonl;
  if (const DocumentEntry* const field = reader.find("field");
      field != nullptr && !may_have_fields) {
    reader.mistakes().add(field->key_place,
                          "'field' is for format = \"jsonl\", which names the text of each line; "
                          "remove it");
  }
  return prompts;
}

void read_prefixes(const DocumentEntry& entry, Category& category, Mistakes& mistakes) {
  constexpr auto keys = std::to_array<string_view>({"groups", "depth", "tokens"});
  if (entry.value.kind != Kind::table) {
    mistakes.add(entry.value.place,
                 wrong_kind(entry, "a table such as { groups = 4, tokens = 64 }"));
    return;
  }
  const TableReader reader(entry.value, "'shared_prefix'", mistakes);
  reader.refuse_unknown_keys(keys, {});
  reader.require("groups", "groups = 4, how many different beginnings there are");
  reader.require("tokens", "tokens = 64, the length of the whole beginning");
  assign(category.prefixes.groups, reader.whole("groups", 1, 1'000'000));
  assign(category.prefixes.depth, reader.whole("depth", 1, 20));
  read_distribution_into(reader, "tokens", DistributionUnit::tokens, category.prefixes.tokens);
  const auto* synthetic = std::get_if<SyntheticPrompts>(&category.prompts);
  const double longest = synthetic != nullptr ? synthetic->tokens.maximum : 0;
  if (synthetic != nullptr && category.prefixes.tokens.minimum >= longest) {
    mistakes.add(entry.value.place,
                 "'shared_prefix' leaves nothing of their own to prompts of at most " +
                     shown(longest) +
                     " tokens, which count the prefix too; shorten it or raise 'tokens'");
  }
}

void read_prompts(const TableReader& reader, Category& category) {
  const DocumentEntry* const file = reader.find("file");
  const DocumentEntry* const tokens = reader.find("tokens");
  const DocumentEntry* const prefix = reader.find("shared_prefix");
  Mistakes& mistakes = reader.mistakes();
  if (file != nullptr && tokens != nullptr) {
    mistakes.add(later_of(*file, *tokens).key_place,
                 "[prompts] takes 'file' or 'tokens', not both; remove one of them");
  }
  if (file != nullptr && prefix != nullptr) {
    mistakes.add(prefix->key_place,
                 "'shared_prefix' is made up, and so must be the prompts that it opens; remove it, "
                 "or 'file'");
  }
  auto& synthetic = std::get<SyntheticPrompts>(category.prompts);
  read_distribution_into(reader, "tokens", DistributionUnit::tokens, synthetic.tokens);
  if (prefix != nullptr && file == nullptr) read_prefixes(*prefix, category, mistakes);
  if (file != nullptr) {
    category.prompts = read_file(reader);
    return;
  }
  for (const string_view key : {string_view("format"), string_view("field")}) {
    if (const DocumentEntry* const entry = reader.find(key)) {
      mistakes.add(entry->key_place,
                   quoted(key) + " describes a file; add file = \"prompts.jsonl\", or remove it");
    }
  }
}

void read_prompts_and_answers(const DocumentNode& table, const Section& prompts,
                              const Section& answers, Category& category, Mistakes& mistakes) {
  with_section(table, prompts, "prompts", mistakes,
               [&](const TableReader& reader) { read_prompts(reader, category); });
  with_section(table, answers, "answers", mistakes, [&](const TableReader& reader) {
    read_distribution_into(reader, "tokens", DistributionUnit::tokens, category.answer_tokens);
  });
}

Category read_category(const DocumentNode& table, const std::vector<Category>& before,
                       Mistakes& mistakes) {
  const TableReader reader(table, "[[categories]]", mistakes);
  reader.refuse_unknown_keys(category_keys, sections);
  Category category;
  reader.require("name", "name = \"…\", by which figures tell it apart");
  assign(category.name, reader.line("name", longest_name));
  const bool known = std::any_of(before.begin(), before.end(), [&](const Category& other) {
    return !category.name.empty() && other.name == category.name;
  });
  if (known) {
    mistakes.add(
        reader.find("name")->value.place,
        "there is another category " + quoted(category.name) + "; each needs a name of its own");
  }
  assign(category.weight, reader.number("weight", {0, 1'000'000, true}));
  read_prompts_and_answers(table, category_prompts, category_answers, category, mistakes);
  return category;
}

// The lengths of a replayed load are those of the trace.
void refuse_what_a_trace_says(const DocumentNode& root, Mistakes& mistakes) {
  const auto refuse = [&](const DocumentEntry* entry, const std::string& what) {
    if (entry == nullptr) return;
    mistakes.add(entry->key_place, what + ": the [trace] says the lengths; remove it");
  };
  refuse(root.find("answers"), "[answers] has no meaning here");
  refuse(root.find("categories"), "[[categories]] has no meaning here");
  if (const DocumentEntry* const prompts = root.find("prompts")) {
    refuse(prompts->value.find("tokens"), "'tokens' has no meaning here");
    refuse(prompts->value.find("file"), "'file' has no meaning here");
  }
}

}  // namespace

void read_categories(const DocumentNode& root, std::vector<Category>& categories,
                     Mistakes& mistakes) {
  if (root.find("trace") != nullptr) {
    // Prefixes may be as long as any prompt of the trace.
    if (root.find("prompts") != nullptr) {
      categories.front().prompts = SyntheticPrompts{Distribution::constant(100'000)};
    }
    refuse_what_a_trace_says(root, mistakes);
  }
  const DocumentEntry* const entry = root.find("categories");
  if (entry == nullptr) {
    read_prompts_and_answers(root, prompts_section, answers_section, categories.front(), mistakes);
    return;
  }
  for (const char* key : {"prompts", "answers"}) {
    if (const DocumentEntry* const other = root.find(key)) {
      mistakes.add(other->key_place,
                   "every one of the [[categories]] has its own prompts and answers; move [" +
                       std::string(key) + "] into them as [categories." + key + "]");
    }
  }
  const TableReader reader(root, "the file", mistakes);
  std::vector<Category> read;
  for (const DocumentNode* table : reader.tables(
           "categories", "a list, each opened by the line [[categories]]", most_categories)) {
    read.push_back(read_category(*table, read, mistakes));
  }
  if (!read.empty()) categories = std::move(read);
}

}  // namespace squall::scenarios
