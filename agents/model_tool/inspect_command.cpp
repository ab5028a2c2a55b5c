#include "agents/model_tool/inspect_command.hpp"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/model_weights.hpp"
#include "agents/engine/model/synthetic/synthetic_model.hpp"
#include "agents/models/model_choice.hpp"

namespace squall::agents {

namespace {

using nlohmann::json;

constexpr std::size_t longest_shown_text = 100;

std::string shortened(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, longest_shown_text)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  // Nothing of a character that the cut went through.
  if (text.size() > longest_shown_text) {
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0) == 0x80)
      shown.pop_back();
    if (!shown.empty() && static_cast<unsigned char>(shown.back()) >= 0xC0) shown.pop_back();
    shown += "… (" + std::to_string(text.size()) + " bytes)";
  }
  return shown;
}

json value_as_json(const MetadataValue& value) {
  struct Visitor {
    json operator()(std::string_view text) const { return shortened(text); }
    json operator()(const MetadataArray& array) const {
      return "[" + std::to_string(array.count) + " of " + std::string(name(array.element)) + "]";
    }
    json operator()(std::uint64_t number) const { return number; }
    json operator()(std::int64_t number) const { return number; }
    json operator()(double number) const { return number; }
    json operator()(bool flag) const { return flag; }
  };
  return std::visit(Visitor{}, value.value);
}

struct FormatTotal {
  std::size_t tensors = 0;
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;
};

std::uint64_t values_of(const GgufTensor& tensor) {
  std::uint64_t values = 1;
  for (const std::uint64_t extent : tensor.extents) values *= extent;
  return values;
}

json memory_as_json(const Model& model, const InspectOptions& options) {
  const Hyperparameters& shape = model.shape;
  const std::size_t context = options.context != 0 ? options.context : shape.context;
  // F16 keys and values: two numbers of two bytes for each dimension of each key head and layer.
  const std::uint64_t position = 4 * shape.layers * shape.kv_heads * shape.head_dimension;
  return {{"weights_bytes", model.weight_bytes},
          {"kv_bytes_per_position_f16", position},
          {"sequences", options.sequences},
          {"positions", context},
          {"kv_bytes_f16", position * context * options.sequences},
          {"total_bytes", model.weight_bytes + position * context * options.sequences}};
}

json describe(const GgufFile& file, const InspectOptions& options) {
  json metadata = json::array();
  for (const auto& [key, value] : file.metadata().entries()) {
    metadata.push_back({{"key", std::string(key)},
                        {"type", std::string(name(value->type))},
                        {"value", value_as_json(*value)}});
  }
  std::map<std::string, FormatTotal> totals;
  FormatTotal all;
  json tensors = json::array();
  for (const GgufTensor& tensor : file.tensors()) {
    const std::string format(kernels::name(tensor.format));
    for (FormatTotal* total : {&totals[format], &all}) {
      ++total->tensors;
      total->values += values_of(tensor);
      total->bytes += tensor.data.size();
    }
    tensors.push_back({{"name", std::string(tensor.name)},
                       {"format", format},
                       {"shape", shape_in_words(tensor)},
                       {"bytes", tensor.data.size()}});
  }
  json formats = json::array();
  for (const auto& [format, total] : totals) {
    formats.push_back({{"format", format},
                       {"tensors", total.tensors},
                       {"values", total.values},
                       {"bytes", total.bytes}});
  }
  json described{{"schema", "squall-model-inspect/1"},
                 {"file", file.name()},
                 {"file_bytes", file.bytes().size()},
                 {"parameters", all.values},
                 {"metadata", metadata},
                 {"formats", formats}};
  if (options.tensors) described["tensors"] = tensors;
  return described;
}

double mebibytes(const json& bytes) { return bytes.get<double>() / (1 << 20); }

void print_text(const json& found) {
  std::printf("%s: %.1f MiB, %.1f million parameters\n", found["file"].get<std::string>().c_str(),
              mebibytes(found["file_bytes"]), found["parameters"].get<double>() / 1e6);
  if (found.contains("problem")) {
    std::printf("cannot be run here: %s\n", found["problem"].get<std::string>().c_str());
  }
  std::printf("\nmetadata\n");
  for (const json& each : found["metadata"]) {
    const json& value = each["value"];
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    std::printf("  %-44s %-8s %s\n", each["key"].get<std::string>().c_str(),
                each["type"].get<std::string>().c_str(), text.c_str());
  }
  std::printf("\nweights            tensors         MiB   bits a weight\n");
  for (const json& each : found["formats"]) {
    std::printf("  %-14s %9zu %11.1f %15.2f\n", each["format"].get<std::string>().c_str(),
                each["tensors"].get<std::size_t>(), mebibytes(each["bytes"]),
                8 * each["bytes"].get<double>() / each["values"].get<double>());
  }
  if (found.contains("tensors")) {
    std::printf("\ntensors\n");
    for (const json& each : found["tensors"]) {
      std::printf("  %-40s %-6s %-20s %10.2f MiB\n", each["name"].get<std::string>().c_str(),
                  each["format"].get<std::string>().c_str(),
                  each["shape"].get<std::string>().c_str(), mebibytes(each["bytes"]));
    }
  }
  if (!found.contains("memory")) return;
  const json& memory = found["memory"];
  std::printf(
      "\nmemory\n  weights %.1f MiB\n  keys and values (f16) %.3f MiB a position, %.1f MiB for "
      "%zu sequence(s) of %zu positions\n  in all about %.1f MiB\n",
      mebibytes(memory["weights_bytes"]), mebibytes(memory["kv_bytes_per_position_f16"]),
      mebibytes(memory["kv_bytes_f16"]), memory["sequences"].get<std::size_t>(),
      memory["positions"].get<std::size_t>(), mebibytes(memory["total_bytes"]));
}

}  // namespace

int inspect_command(const InspectOptions& options) {
  const std::string path = model_here(options.model);
  if (is_synthetic_name(path)) {
    throw ModelError("'" + path +
                     "' is made in memory and has no file; squall model synth writes one");
  }
  json found = describe(GgufFile(path), options);
  try {
    const auto model = read_gguf_model(path);
    found["fingerprint"] = model->fingerprint;
    found["memory"] = memory_as_json(*model, options);
  } catch (const ModelError& error) {
    found["problem"] = error.what();
  }
  if (options.json) {
    std::printf("%s\n", found.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    print_text(found);
  }
  return 0;
}

}  // namespace squall::agents
