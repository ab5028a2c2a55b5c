#include "scenarios/schema/sections/shape_reader.hpp"

#include <array>
#include <span>
#include <string>
#include <utility>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr NumberRange load_range{0, highest_load};
constexpr NumberRange piece_range{0.001, 30 * days};
constexpr NumberRange offset_range{0, 30 * days};
constexpr NumberRange period_range{0.1, 30 * days};
constexpr std::int64_t most_steps = 1000;
constexpr std::size_t most_stages = 1000;
constexpr string_view stages_wanted =
    "an array of stages such as [{ to = 10, over = \"30s\" }, { to = 10, over = \"2m\" }]";

enum class ShapeKind { constant, ramp, steps, spike, sine, soak };
constexpr std::array<string_view, 6> kinds{"constant", "ramp", "steps", "spike",
                                           "sine",     "soak"};  // in the order of ShapeKind

// What each takes besides 'kind'; the first `required` must be there.
struct ShapeKeys {
  std::array<string_view, 5> keys;
  std::size_t count;
  std::size_t required;
};
constexpr std::array<ShapeKeys, 6> shape_keys{{
    {{"kind", "value"}, 2, 2},
    {{"kind", "to", "over", "from"}, 4, 3},
    {{"kind", "from", "to", "steps", "each"}, 5, 5},
    {{"kind", "base", "peak", "at", "length"}, 5, 5},
    {{"kind", "mean", "amplitude", "period"}, 4, 4},
    {{"kind", "value", "rise", "hold", "fall"}, 5, 3},
}};

LoadPiece flat(nanoseconds length, double value) { return {length, value, value, 0, {}}; }
LoadPiece for_ever(double value) { return flat(nanoseconds{0}, value); }

class ShapeTable {
 public:
  ShapeTable(const DocumentNode& table, Mistakes& mistakes)
      : reader_(table, "'shape'", mistakes), mistakes_(mistakes) {}

  std::optional<LoadShape> read() {
    if (reader_.require("kind", "one of: constant, ramp, steps, spike, sine, soak") == nullptr) {
      return std::nullopt;
    }
    const auto kind = reader_.choice("kind", kinds, "kinds of shapes; a list is 'stages'");
    if (!kind) return std::nullopt;
    const ShapeKeys& takes = shape_keys[*kind];
    const std::span<const string_view> keys(takes.keys.data(), takes.count);
    reader_.refuse_unknown_keys(keys, {});
    for (const string_view key : keys.subspan(1, takes.required - 1)) {
      const std::string need = std::string(key) + " = …, which a shape of kind \"" +
                               std::string(kinds[*kind]) + "\" needs";
      valid_ = reader_.require(key, need) != nullptr && valid_;
    }
    auto pieces = pieces_of(static_cast<ShapeKind>(*kind));
    return valid_ ? std::optional(LoadShape(std::move(pieces))) : std::nullopt;
  }

 private:
  std::vector<LoadPiece> pieces_of(ShapeKind kind) {
    switch (kind) {
      case ShapeKind::constant:
        return {for_ever(load("value"))};
      case ShapeKind::ramp: {
        const double to = load("to");
        return {{time("over", piece_range), load("from"), to, 0, {}}, for_ever(to)};
      }
      case ShapeKind::steps:
        return steps();
      case ShapeKind::spike:
        return spike();
      case ShapeKind::sine:
        return sine();
      case ShapeKind::soak:
        return soak();
    }
    return {};
  }

  // Equal steps, both ends among them; the last holds on.
  std::vector<LoadPiece> steps() {
    const double from = load("from"), to = load("to");
    const auto read = reader_.whole("steps", 2, most_steps);
    const nanoseconds each = time("each", piece_range);
    valid_ = valid_ && read.has_value();
    std::vector<LoadPiece> pieces;
    const std::int64_t count = read.value_or(2);
    for (std::int64_t step = 0; step < count; ++step) {
      const double share = static_cast<double>(step) / static_cast<double>(count - 1);
      pieces.push_back(flat(each, from + (to - from) * share));
    }
    pieces.back() = flat(each, to);
    return pieces;
  }

  std::vector<LoadPiece> spike() {
    const double base = load("base");
    const nanoseconds at = time("at", offset_range);
    std::vector<LoadPiece> pieces;
    if (at.count() > 0) pieces.push_back(flat(at, base));
    pieces.push_back(flat(time("length", piece_range), load("peak")));
    pieces.push_back(for_ever(base));
    return pieces;
  }

  std::vector<LoadPiece> sine() {
    const double mean = load("mean"), amplitude = load("amplitude");
    if (valid_ && amplitude > mean) {
      mistakes_.add(reader_.find("amplitude")->value.place,
                    "'amplitude' (" + shown(amplitude) + ") is above 'mean' (" + shown(mean) +
                        "): a load is never negative");
      valid_ = false;
    }
    return {{nanoseconds{0}, mean, mean, amplitude, time("period", period_range)}};
  }

  std::vector<LoadPiece> soak() {
    const double value = load("value");
    std::vector<LoadPiece> pieces{{time("rise", piece_range), 0, value, 0, {}}};
    const DocumentEntry* const fall = reader_.find("fall");
    if (reader_.find("hold") == nullptr) {
      if (fall != nullptr) {
        mistakes_.add(fall->key_place,
                      "'fall' comes after 'hold'; add hold = …, how long the load stays");
        valid_ = false;
      }
      pieces.push_back(for_ever(value));
      return pieces;
    }
    pieces.push_back(flat(time("hold", piece_range), value));
    if (fall != nullptr) pieces.push_back({time("fall", piece_range), value, 0, 0, {}});
    pieces.push_back(for_ever(0));
    return pieces;
  }

  double load(string_view key) {
    const auto read = reader_.number(key, load_range);
    valid_ = valid_ && (read || reader_.find(key) == nullptr);
    return read.value_or(0);
  }

  // What stands in for a wrong time is a sound one: the shape is not used then.
  nanoseconds time(string_view key, NumberRange range) {
    const auto read = reader_.duration(key, range);
    valid_ = valid_ && read;
    return read.value_or(std::chrono::seconds(1));
  }

  TableReader reader_;
  Mistakes& mistakes_;
  bool valid_ = true;
};

// Each stage goes from where the one before ended, or from its own 'from'.
std::optional<LoadShape> read_stages(const TableReader& reader) {
  constexpr auto keys = std::to_array<string_view>({"to", "over", "from"});
  std::vector<LoadPiece> pieces;
  double before = 0;
  bool valid = true;
  const auto tables = reader.tables("stages", stages_wanted, most_stages);
  for (const DocumentNode* table : tables) {
    const TableReader stage(*table, "a stage", reader.mistakes());
    stage.refuse_unknown_keys(keys, {});
    const bool complete = stage.require("to", "to = 10, the load at its end") != nullptr &&
                          stage.require("over", "over = \"30s\", how long it lasts") != nullptr;
    const auto to = stage.number("to", load_range), from = stage.number("from", load_range);
    const auto over = stage.duration("over", piece_range);
    valid = valid && complete && to && over && (from || stage.find("from") == nullptr);
    if (to && over) pieces.push_back({*over, from.value_or(before), *to, 0, {}});
    before = to.value_or(before);
  }
  const bool all = tables.size() == reader.find("stages")->value.items.size();
  return valid && all && !pieces.empty() ? std::optional(LoadShape(std::move(pieces)))
                                         : std::nullopt;
}

}  // namespace

std::optional<LoadShape> read_shape(const TableReader& reader) {
  if (reader.find("stages") != nullptr) return read_stages(reader);
  const DocumentEntry* const entry = reader.find("shape");
  if (entry == nullptr) return std::nullopt;
  if (entry->value.kind != Kind::table) {
    reader.mistakes().add(
        entry->value.place,
        wrong_kind(*entry, "a table such as { kind = \"ramp\", to = 10, over = \"30s\" }"));
    return std::nullopt;
  }
  return ShapeTable(entry->value, reader.mistakes()).read();
}

}  // namespace squall::scenarios
