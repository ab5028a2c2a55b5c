#include "coordinator/campaign/file/derived_scenario.hpp"

#include <algorithm>
#include <array>

#include "coordinator/campaign/file/toml_text.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

using scenarios::DocumentEntry;
using scenarios::DocumentNode;
using Kind = DocumentNode::Kind;

namespace {

constexpr auto loads = std::to_array<std::string_view>({"users", "arrivals", "trace"});

bool is_load(const std::string& key) {
  return std::find(loads.begin(), loads.end(), key) != loads.end();
}

DocumentNode* inner(DocumentNode& table, std::string_view key) {
  for (auto& entry : table.entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

void make_absolute(DocumentNode& table, const std::filesystem::path& folder) {
  for (const char* key : {"file", "api_key_file", "ca_file", "tokenizer"}) {
    DocumentNode* const path = inner(table, key);
    if (path != nullptr && path->kind == Kind::text && !path->text.empty())
      path->text = (folder / path->text).lexically_normal().string();
  }
}

void make_files_absolute(DocumentNode& root, const std::filesystem::path& folder) {
  for (const char* key : {"target", "trace", "prompts", "adaptive"})
    if (DocumentNode* const table = inner(root, key)) make_absolute(*table, folder);
  DocumentNode* const categories = inner(root, "categories");
  if (categories == nullptr) return;
  for (auto& category : categories->items)
    if (DocumentNode* const prompts = inner(category, "prompts")) make_absolute(*prompts, folder);
}

bool looks_like_a_path(const std::string& model) {
  return !model.starts_with("synthetic:") &&
         (model.find('/') != std::string::npos || model.find(".gguf") != std::string::npos);
}

/// What a server calls its model stays as it is.
void make_model_absolute(DocumentNode& root, const std::filesystem::path& folder) {
  DocumentNode* const target = inner(root, "target");
  DocumentNode* const model = target == nullptr ? nullptr : inner(*target, "model");
  if (model == nullptr || model->kind != Kind::text || !looks_like_a_path(model->text)) return;
  const DocumentNode* const kind = inner(*target, "kind");
  std::error_code ignored;
  if ((kind == nullptr || kind->text == "engine") &&
      std::filesystem::exists(folder / model->text, ignored))
    model->text = (folder / model->text).lexically_normal().string();
}

}  // namespace

DocumentNode replaced(DocumentNode base, const DocumentNode& over) {
  for (const auto* entry : in_order(over)) {
    std::erase_if(base.entries, [&](const DocumentEntry& each) {
      return each.key == entry->key || (is_load(each.key) && is_load(entry->key));
    });
    base.entries.push_back(*entry);
  }
  return base;
}

std::string with_tables(const std::string& text, const std::string& file,
                        const DocumentNode& replace) {
  return toml_document(replaced(scenarios::parse_toml_document(text, file), replace));
}

std::string with_absolute_files(const std::string& text, const std::string& file,
                                const std::filesystem::path& folder) {
  DocumentNode root = scenarios::parse_toml_document(text, file);
  make_files_absolute(root, folder);
  make_model_absolute(root, folder);
  return toml_document(root);
}

}  // namespace squall::coordinator
