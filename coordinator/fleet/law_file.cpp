#include "coordinator/fleet/law_file.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

constexpr std::string_view steps_schema = "squall-engine-steps/1";
constexpr std::string_view law_schema = "squall-engine-law/1";
constexpr double longest_step = 86'400;  // seconds
constexpr double most_positions = 1e15;

/// Values of one object, with their place in the file for messages.
class Fields {
 public:
  Fields(const json& object, std::string place) : object_(object), place_(std::move(place)) {
    if (!object.is_object()) throw LawError(place_ + " must be an object");
  }

  double number(const char* key, double most) const {
    const auto found = object_.find(key);
    if (found == object_.end()) throw LawError(place_ + " lacks \"" + key + "\"");
    return checked(key, *found, most);
  }
  double number(const char* key, double most, double otherwise) const {
    const auto found = object_.find(key);
    return found == object_.end() ? otherwise : checked(key, *found, most);
  }
  std::uint32_t count(const char* key, std::uint32_t otherwise, std::uint32_t least = 0) const {
    const double value = number(key, 4294967295.0, otherwise);
    if (value < least || value != std::floor(value))
      throw LawError(place_ + ": \"" + key + "\" must be a whole number of at least " +
                     std::to_string(least));
    return static_cast<std::uint32_t>(value);
  }
  std::string text(const char* key) const {
    const auto found = object_.find(key);
    return found != object_.end() && found->is_string() ? found->get<std::string>() : "";
  }
  bool flag(const char* key, bool otherwise) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return otherwise;
    if (!found->is_boolean()) throw LawError(place_ + ": \"" + key + "\" must be true or false");
    return found->get<bool>();
  }
  const json& part(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) throw LawError(place_ + " lacks \"" + key + "\"");
    return *found;
  }
  bool has(const char* key) const { return object_.contains(key); }
  std::string place_of(const char* key) const { return place_ + ": \"" + key + "\""; }

 private:
  double checked(const char* key, const json& value, double most) const {
    const double number = value.is_number() ? value.get<double>() : -1;
    if (!(number >= 0) || number > most)
      throw LawError(place_ + ": \"" + key + "\" must be a number from 0 to " + json(most).dump());
    return number;
  }

  const json& object_;
  std::string place_;
};

EngineLimits limits_of(const json& object, const std::string& place) {
  const Fields fields(object, place);
  EngineLimits limits;
  limits.max_batch = fields.count("max_batch", limits.max_batch, 1);
  limits.first_batch = fields.count("first_batch", limits.first_batch, 1);
  limits.prefill_chunk = fields.count("prefill_chunk", limits.prefill_chunk, 1);
  limits.pages = fields.count("pages", 0);
  limits.page_positions = fields.count("page_positions", limits.page_positions, 1);
  limits.page_bytes = fields.count("page_bytes", 0);
  limits.context = fields.count("context", 0);
  limits.reuse_prefixes = fields.flag("reuse_prefixes", limits.reuse_prefixes);
  return limits;
}

EngineLaw described_law(const Fields& fields) {
  EngineLaw law;
  law.model = fields.text("model");
  law.fingerprint = fields.text("fingerprint");
  law.backend = fields.text("backend");
  law.synthetic_weights = fields.flag("synthetic_weights", false);
  law.threads = fields.count("threads", 0);
  if (fields.has("limits"))
    law.limits = limits_of(fields.part("limits"), fields.place_of("limits"));
  return law;
}

MeasuredStep step_of(const json& object, const std::string& place) {
  const Fields fields(object, place);
  MeasuredStep step;
  step.work.decoding = fields.count("decoding", 0);
  step.work.prompt_tokens = fields.count("prompt_tokens", 0);
  step.work.prompts_done = fields.count("prompts_done", 0);
  step.work.decode_positions = fields.number("decode_positions", most_positions);
  step.work.prompt_positions = fields.number("prompt_positions", most_positions);
  step.seconds = fields.number("seconds", longest_step);
  step.lowest = fields.number("lowest", longest_step, step.seconds);
  step.highest = fields.number("highest", longest_step, step.seconds);
  step.times = fields.count("times", 1, 1);
  if (step.work.rows() == 0 || !(step.seconds > 0))
    throw LawError(place + " must compute something and take some time");
  return step;
}

void read_costs(const Fields& costs, EngineLaw& law) {
  law.per_step = costs.number("per_step", longest_step);
  law.per_token = costs.number("per_token", longest_step, 0);
  law.per_decode_position = costs.number("per_decode_position", longest_step, 0);
  law.per_prompt_position = costs.number("per_prompt_position", longest_step, 0);
  if (!(law.per_step > 0))
    throw LawError(costs.place_of("per_step") + " must be above 0: no step takes no time");
  if (!costs.has("rows")) return;
  const std::string place = costs.place_of("rows");
  if (!costs.part("rows").is_array()) throw LawError(place + " must be a list");
  for (const json& each : costs.part("rows")) {
    const Fields piece(each, place);
    const std::uint32_t from = piece.count("from", 1, 1);
    if (!law.rows.empty() && from <= law.rows.back().from)
      throw LawError(place + " must have ascending \"from\"");
    law.rows.push_back({from, piece.number("per_row", longest_step)});
  }
}

json header(const EngineLaw& law) {
  return {{"model", law.model},
          {"fingerprint", law.fingerprint},
          {"synthetic_weights", law.synthetic_weights},
          {"backend", law.backend},
          {"threads", law.threads},
          {"limits",
           {{"max_batch", law.limits.max_batch},
            {"first_batch", law.limits.first_batch},
            {"prefill_chunk", law.limits.prefill_chunk},
            {"pages", law.limits.pages},
            {"page_positions", law.limits.page_positions},
            {"page_bytes", law.limits.page_bytes},
            {"context", law.limits.context},
            {"reuse_prefixes", law.limits.reuse_prefixes}}}};
}

LawFile law_of_steps(const Fields& fields, const std::string& file) {
  LawFile found;
  const json& steps = fields.part("steps");
  if (!steps.is_array()) throw LawError(fields.place_of("steps") + " must be a list");
  for (std::size_t i = 0; i < steps.size(); ++i)
    found.steps.push_back(step_of(steps[i], file + ": step " + std::to_string(i + 1)));
  try {
    found.law = fit_law(found.steps, described_law(fields));
  } catch (const FitError& error) {
    throw LawError(file + ": " + error.what());
  }
  found.residuals = residuals(found.steps, found.law);
  return found;
}

}  // namespace

LawFile parse_law(const std::string& text, const std::string& file) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded())
    throw LawError(file +
                   " is no JSON; squall model bench MODEL --steps FILE writes what is needed");
  const Fields fields(document, file);
  const std::string schema = fields.text("schema");
  if (schema == steps_schema) return law_of_steps(fields, file);
  if (schema != law_schema)
    throw LawError(file + " is neither measured steps (" + std::string(steps_schema) +
                   ", by squall model bench MODEL --steps FILE) nor a law (" +
                   std::string(law_schema) + ")");
  LawFile found;
  found.law = described_law(fields);
  read_costs(Fields(fields.part("seconds"), fields.place_of("seconds")), found.law);
  return found;
}

LawFile read_law(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    throw LawError("cannot read " + path + "; squall model bench MODEL --steps FILE writes a law");
  return parse_law(text.str(), path);
}

std::string law_json(const EngineLaw& law) {
  json rows = json::array();
  for (const auto& piece : law.rows)
    rows.push_back({{"from", piece.from}, {"per_row", piece.per_row}});
  json out{{"schema", law_schema}};
  out.update(header(law));
  out["seconds"] = {{"per_step", law.per_step},
                    {"rows", std::move(rows)},
                    {"per_token", law.per_token},
                    {"per_decode_position", law.per_decode_position},
                    {"per_prompt_position", law.per_prompt_position}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace squall::coordinator
