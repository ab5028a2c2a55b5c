#include "scenarios/schema/sections/engine_keys.hpp"

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr std::uint64_t least_kv_memory = std::uint64_t{1} << 20;
constexpr std::uint64_t least_gpu_memory = std::uint64_t{1} << 16;
constexpr std::uint64_t most_memory = std::uint64_t{1} << 50;
constexpr std::size_t most_sources = 16;
constexpr string_view synthetic_prefix = "synthetic:";

// An address whose answer may be changed on its way is as good as the checksum that is known.
void check_source(const DocumentNode& item, bool checked, Mistakes& mistakes) {
  const string_view text = item.text;
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    mistakes.add(item.place, "'sources': " + quoted(text) +
                                 " is no address; each begins with https:// or http://");
  } else if (text.size() > longest_address ||
             text.find_first_of(" \t\r\n\x7f") != string_view::npos) {
    mistakes.add(item.place, "'sources': an address has no spaces and at most " +
                                 std::to_string(longest_address) + " bytes; got " + quoted(text));
  } else if (text.starts_with("http://") && !checked) {
    mistakes.add(item.place,
                 "'sources': what http:// brings may have been changed on its way; add sha256 = "
                 "\"…\", or use https://");
  }
}

void read_sources(const TableReader& reader, TargetSettings& target) {
  constexpr string_view wanted = "an array of addresses such as [\"https://…/model.gguf\"]";
  const DocumentEntry* const entry = reader.find("sources");
  if (entry == nullptr) return;
  Mistakes& mistakes = reader.mistakes();
  if (entry->value.kind != Kind::array) {
    mistakes.add(entry->value.place, wrong_kind(*entry, wanted));
    return;
  }
  if (entry->value.items.size() > most_sources) {
    mistakes.add(entry->value.place, "'sources' takes at most 16 addresses");
    return;
  }
  for (const DocumentNode& item : entry->value.items) {
    if (item.kind != Kind::text) {
      mistakes.add(item.place, "'sources': expected an address in quotes, found " +
                                   std::string(kind_name(item)));
      continue;
    }
    check_source(item, reader.find("sha256") != nullptr, mistakes);
    target.sources.push_back(item.text);
  }
}

void read_sha256(const TableReader& reader, TargetSettings& target) {
  auto digits = reader.line("sha256", longest_name);
  if (!digits) return;
  for (char& digit : *digits) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  }
  if (digits->size() != 64 || digits->find_first_not_of("0123456789abcdef") != std::string::npos) {
    reader.mistakes().add(reader.find("sha256")->value.place,
                          "'sha256' must be 64 hexadecimal digits, as sha256sum prints them");
    return;
  }
  target.sha256 = std::move(*digits);
}

void read_model(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 3> choices{"real", "prefer-real", "synthetic"};
  reader.require("model", "model = \"synthetic:llama-15m/q8_0\", or the path or name of a model");
  assign(target.model, reader.line("model", longest_path));
  if (const auto choice = reader.choice("model_choice", choices, "choices")) {
    target.model_choice = static_cast<ModelChoice>(*choice);
    if (target.model_choice != ModelChoice::synthetic &&
        target.model.starts_with(synthetic_prefix)) {
      reader.mistakes().add(reader.find("model_choice")->value.place,
                            "'model' names a synthetic model, which is no real one; write that "
                            "as 'fallback', and the path or name of the real one as 'model'");
    }
  }
  if (auto fallback = reader.line("fallback", longest_path)) {
    target.fallback = std::move(*fallback);
    if (!target.fallback.starts_with(synthetic_prefix)) {
      reader.mistakes().add(reader.find("fallback")->value.place,
                            "'fallback' must be a synthetic model such as "
                            "\"synthetic:llama-15m/q8_0\"");
    }
  }
  read_sha256(reader, target);
  read_sources(reader, target);
}

// With the CPU the keys of a GPU stand idle, so that one file can be run on both.
void read_device(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 4> devices{"auto", "cpu", "gpu", "hybrid"};  // as Device has it
  target.device_is_named = reader.find("device") != nullptr;
  assign(target.device, reader.choice("device", devices, "devices"));
  if (const auto index = reader.whole("device_index", 0, 1023)) {
    target.device_index = static_cast<int>(*index);
  }
  assign(target.gpu_memory, reader.bytes("gpu_memory", least_gpu_memory, most_memory));
  assign(target.require_gpu, reader.flag("require_gpu"));
}

}  // namespace

void read_engine_keys(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 3> kv_formats{"f16", "q8_0", "f32"};  // of KvFormat
  read_model(reader, target);
  read_device(reader, target);
  assign(target.threads, reader.whole("threads", 0, 1024));
  assign(target.max_batch, reader.whole("max_batch", 1, 1024));
  assign(target.prefill_chunk, reader.whole("prefill_chunk", 1, 4096));
  assign(target.kv_format, reader.choice("kv_format", kv_formats, "formats"));
  assign(target.kv_memory, reader.bytes("kv_memory", least_kv_memory, most_memory));
  assign(target.reuse_prefixes, reader.flag("reuse_prefixes"));
  assign(target.stop_at_end_token, reader.flag("stop_at_end_token"));
}

}  // namespace squall::scenarios
