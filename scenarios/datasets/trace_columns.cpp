#include "scenarios/datasets/trace_columns.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/text/words.hpp"

namespace squall::scenarios {

namespace {

using Format = TraceReplay::Format;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes so many digits from the front of `text`; none where others stand.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".9799600" and the like, digits beyond nanoseconds cut off; nothing: 0.
std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return nanoseconds{0};
  std::int64_t value = 0;
  std::int64_t unit = 1'000'000'000;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  while (!text.empty() && is_digit(text.front())) {
    unit /= 10;
    value += unit * (text.front() - '0');
    text.remove_prefix(1);
  }
  return nanoseconds(value);
}

/// "Z", "+02:00", "-0530"; nothing: 0.
std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (text.empty() || take(text, "Zz")) return std::chrono::minutes{0};
  const bool west = text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take(text, ":");
  const auto minutes = text.empty() ? 0 : take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return west ? -offset : offset;
}

std::optional<nanoseconds> parse_date(std::string_view text) {
  namespace chrono = std::chrono;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-/")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-/")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, " T")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  const auto fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!second || !fraction || !offset || !text.empty()) return std::nullopt;
  const chrono::year_month_day date{chrono::year(*year), chrono::month(unsigned(*month)),
                                    chrono::day(unsigned(*day))};
  // Nanoseconds since 1970 reach to 2262.
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return chrono::sys_days(date).time_since_epoch() + chrono::hours(*hour) +
         chrono::minutes(*minute) + chrono::seconds(*second) + *fraction - *offset;
}

/// "472", or as some tools write whole numbers, "472.0".
std::uint64_t tokens_of(const std::string& field, std::string_view column) {
  std::uint64_t value = 0;
  const char* const last = field.data() + field.size();
  const auto [end, error] = std::from_chars(field.data(), last, value);
  std::string_view rest(end, static_cast<std::size_t>(last - end));
  if (take(rest, ".")) rest.remove_prefix(std::min(rest.find_first_not_of('0'), rest.size()));
  if (error != std::errc{} || !rest.empty() || value > DatasetLimits::tokens)
    throw ItemMistake("has " + in_quotes(field) + " " + std::string(column) +
                      "; it must be a whole number from 0 to " +
                      std::to_string(DatasetLimits::tokens));
  return value;
}

struct Names {
  Format format;
  std::string_view time, prompt, answer;  // in lower case
};
constexpr Names azure{Format::azure, "timestamp", "contexttokens", "generatedtokens"};
constexpr Names burstgpt{Format::burstgpt, "timestamp", "request tokens", "response tokens"};

}  // namespace

std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!take(line, "\"")) {
      const std::size_t comma = std::min(line.find(','), line.size());
      fields.emplace_back(trimmed(line.substr(0, comma)));
      line.remove_prefix(comma);
    } else {
      std::string& field = fields.emplace_back();
      for (;;) {
        const std::size_t quote = line.find('"');
        if (quote == std::string_view::npos)
          throw ItemMistake("has a quote that is not closed; close it, on the same line");
        field += line.substr(0, quote);
        line.remove_prefix(quote + 1);
        if (!take(line, "\"")) break;  // two quotes are one that belongs to the field
        field += '"';
      }
      const std::size_t comma = std::min(line.find(','), line.size());
      if (!trimmed(line.substr(0, comma)).empty())
        throw ItemMistake("has text behind a closing quote; quote the whole field");
      line.remove_prefix(comma);
    }
    if (!take(line, ",")) return fields;
  }
}

TraceColumns::TraceColumns(std::string_view header, Format format) : format_(format) {
  std::vector<std::string> names = csv_fields(header);
  for (std::string& name : names) name = lower(name);
  columns_ = names.size();
  const auto find = [&](std::string_view wanted, std::size_t& column) {
    const auto found = std::ranges::find(names, wanted);
    column = static_cast<std::size_t>(found - names.begin());
    return found != names.end();
  };
  for (const Names& known : {azure, burstgpt}) {
    if (format != Format::automatic && format != known.format) continue;
    if (!find(known.time, time_) || !find(known.prompt, prompt_) || !find(known.answer, answer_))
      continue;
    format_ = known.format;
    return;
  }
  const std::string wanted_azure = "TIMESTAMP, ContextTokens and GeneratedTokens (azure)";
  const std::string wanted_burstgpt = "Timestamp, Request tokens and Response tokens (burstgpt)";
  throw ItemMistake("names the columns " + in_quotes(trimmed(header)) + ", and " +
                    (format == Format::azure      ? wanted_azure
                     : format == Format::burstgpt ? wanted_burstgpt
                                                  : wanted_azure + ", or " + wanted_burstgpt) +
                    " are needed; check the file, or give its format");
}

TraceRow TraceColumns::read(std::string_view line) const {
  const std::vector<std::string> fields = csv_fields(line);
  if (fields.size() != columns_)
    throw ItemMistake("has " + std::to_string(fields.size()) + " fields, and the header has " +
                      std::to_string(columns_) + "; mend or remove it");
  TraceRow row;
  row.at =
      format_ == Format::azure ? instant_of_date(fields[time_]) : instant_of_seconds(fields[time_]);
  row.prompt_tokens = tokens_of(fields[prompt_], "tokens of a prompt");
  row.answer_tokens = tokens_of(fields[answer_], "tokens of an answer");
  return row;
}

nanoseconds instant_of_date(std::string_view text) {
  if (const auto instant = parse_date(text)) return *instant;
  throw ItemMistake("has the time " + in_quotes(text) +
                    "; it must be like '2023-11-16 18:17:03.9799600'");
}

nanoseconds instant_of_seconds(std::string_view text) {
  constexpr std::int64_t latest = 4'000'000'000;  // a century and more since 1970
  std::string_view rest = text;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  const auto fraction = take_fraction(rest);
  if (error != std::errc{} || text.starts_with('-') || seconds > latest || !fraction ||
      !rest.empty())
    throw ItemMistake("has the time " + in_quotes(text) + "; it must be seconds from 0 to " +
                      std::to_string(latest) + ", like '5' or '5.25'");
  return std::chrono::seconds(seconds) + *fraction;
}

}  // namespace squall::scenarios
