#include "scenarios/datasets/trace_reader.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/json_item.hpp"
#include "scenarios/datasets/mapped_text.hpp"
#include "scenarios/datasets/trace_columns.hpp"

namespace squall::scenarios {

namespace {

constexpr std::uint64_t tokens_a_block = 512;

std::uint32_t at_least_one(std::uint64_t tokens) {
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, tokens));
}

class TraceBuilder {
 public:
  explicit TraceBuilder(const TraceReplay& replay)
      : replay_(replay), trace_(std::make_shared<Trace>()) {}

  bool full() const { return replay_.limit > 0 && trace_->entries.size() == replay_.limit; }
  bool skip() { return seen_++ < replay_.skip; }
  std::uint64_t seen() const { return seen_; }

  void add(const TraceRow& row) {
    if (trace_->entries.size() == DatasetLimits::trace_entries)
      throw ItemMistake("is one entry more than the " +
                        std::to_string(DatasetLimits::trace_entries) +
                        " that are allowed; take a part with skip and limit");
    trace_->entries.push_back(
        {row.at, at_least_one(row.prompt_tokens), at_least_one(row.answer_tokens), 0, 0});
  }

  void add(const MooncakeRow& row) {
    const std::uint64_t blocks = (row.prompt_tokens + tokens_a_block - 1) / tokens_a_block;
    if (row.hashes.size() > blocks)
      throw ItemMistake("has " + std::to_string(row.hashes.size()) + " hash_ids for " +
                        std::to_string(row.prompt_tokens) + " tokens, and one stands for " +
                        std::to_string(tokens_a_block) + ": at most " + std::to_string(blocks) +
                        " fit; give a trace with blocks of that size");
    if (trace_->blocks.size() + row.hashes.size() > DatasetLimits::trace_blocks)
      throw ItemMistake("brings more hash_ids than the " +
                        std::to_string(DatasetLimits::trace_blocks) +
                        " that are allowed; take a part with skip and limit");
    add(TraceRow{row.at, row.prompt_tokens, row.answer_tokens});
    trace_->entries.back().first_block = static_cast<std::uint32_t>(trace_->blocks.size());
    trace_->entries.back().blocks = static_cast<std::uint32_t>(row.hashes.size());
    trace_->blocks.insert(trace_->blocks.end(), row.hashes.begin(), row.hashes.end());
  }

  std::shared_ptr<const Trace> finish() {
    auto& entries = trace_->entries;
    // Not std::stable_sort where nothing is to do: it takes half as much memory again.
    if (!std::ranges::is_sorted(entries, {}, &TraceEntry::at))
      std::ranges::stable_sort(entries, {}, &TraceEntry::at);
    if (!entries.empty()) {
      const nanoseconds first = entries.front().at;
      for (TraceEntry& entry : entries) entry.at -= first;
    }
    entries.shrink_to_fit();
    trace_->blocks.shrink_to_fit();
    return trace_;
  }

 private:
  const TraceReplay& replay_;
  std::shared_ptr<Trace> trace_;
  std::uint64_t seen_ = 0;
};

class LineReader {
 public:
  explicit LineReader(TraceReplay::Format format) : format_(format) {}

  void read(const TextLine& line, TraceBuilder& trace) {
    using Format = TraceReplay::Format;
    if (first_) {
      first_ = false;
      const bool json = line.text[line.text.find_first_not_of(" \t")] == '{';
      if (format_ == Format::automatic && json) format_ = Format::mooncake;
      if (format_ != Format::mooncake) {
        columns_.emplace(line.text, format_);
        return;
      }
    }
    if (trace.skip()) return;
    if (columns_) {
      trace.add(columns_->read(line.text));
    } else {
      trace.add(read_mooncake_row(line.text));
    }
  }

 private:
  TraceReplay::Format format_;
  bool first_ = true;
  std::optional<TraceColumns> columns_;  // none: Mooncake
};

}  // namespace

std::shared_ptr<const Trace> load_trace(const std::filesystem::path& path,
                                        const TraceReplay& replay) {
  const MappedText file(path);
  TraceBuilder trace(replay);
  {
    TextLines lines(file);
    LineReader reader(replay.format);
    while (!trace.full()) {
      const auto line = lines.next();
      if (!line) break;
      try {
        reader.read(*line, trace);
      } catch (const ItemMistake& mistake) {
        throw DatasetError(file.name() + ":" + std::to_string(line->number) + ": the line " +
                           mistake.what());
      }
    }
  }
  auto result = trace.finish();
  if (result->entries.empty())
    throw DatasetError(file.name() + ": has " + std::to_string(trace.seen()) + " entries, and " +
                       (trace.seen() == 0
                            ? std::string("a trace needs one at least; check the file")
                            : std::to_string(replay.skip) + " are skipped; skip fewer"));
  return result;
}

std::shared_ptr<const Trace> trace_of(const Scenario& scenario,
                                      const std::filesystem::path& folder) {
  const auto* replay = std::get_if<TraceReplay>(&scenario.load);
  return replay == nullptr ? nullptr : load_trace(folder / replay->file, *replay);
}

}  // namespace squall::scenarios
