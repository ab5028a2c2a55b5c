#include "actors/journal/agent_entries.hpp"

#include <utility>

#include "actors/wire/message_parts.hpp"
#include "actors/wire/metrics_codec.hpp"
#include "journal/journal.pb.h"

namespace squall::actors {

namespace {

void put(const PartOpened& entry, proto::AgentEntry& out) {
  auto& opened = *out.mutable_part_opened();
  opened.set_run(cut(entry.run));
  opened.set_epoch(entry.epoch);
  write(entry.hello, *opened.mutable_hello());
  write(entry.share, *opened.mutable_share());
}
void put(const BatchTaken& entry, proto::AgentEntry& out) {
  out.set_batch_taken(bytes_of(entry.batch));
}
void put(const PartSealed& entry, proto::AgentEntry& out) {
  write(entry.sealed, *out.mutable_part_sealed());
}
void put(const AllAcknowledged&, proto::AgentEntry& out) { out.mutable_all_acknowledged(); }

std::optional<AgentEntry> take(const proto::PartOpened& in) {
  auto hello = read(in.hello());
  const auto share = read(in.share());
  if (!hello || !share || !short_enough(in.run())) return std::nullopt;
  return PartOpened{in.run(), in.epoch(), std::move(*hello), *share};
}

std::optional<AgentEntry> take_batch(const std::string& bytes) {
  BatchTaken taken;
  if (!read_batch(bytes, taken.batch)) return std::nullopt;
  return taken;
}

std::optional<AgentEntry> take(const proto::Sealed& in) {
  auto sealed = read(in);
  if (!sealed) return std::nullopt;
  return PartSealed{std::move(*sealed)};
}

}  // namespace

Bytes encode(const AgentEntry& entry) {
  proto::AgentEntry out;
  out.set_protocol_version(protocol_version);
  std::visit([&](const auto& each) { put(each, out); }, entry);
  Bytes bytes(out.ByteSizeLong());
  out.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::optional<AgentEntry> decode_agent_entry(std::span<const std::byte> record) {
  proto::AgentEntry in;
  if (record.size() > record_limit ||
      !in.ParseFromArray(record.data(), static_cast<int>(record.size())) ||
      in.protocol_version() != protocol_version)
    return std::nullopt;
  switch (in.entry_case()) {
    case proto::AgentEntry::kPartOpened:
      return take(in.part_opened());
    case proto::AgentEntry::kBatchTaken:
      return take_batch(in.batch_taken());
    case proto::AgentEntry::kPartSealed:
      return take(in.part_sealed());
    case proto::AgentEntry::kAllAcknowledged:
      return AllAcknowledged{};
    case proto::AgentEntry::ENTRY_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::vector<AgentEntry> read_agent_journal(const std::filesystem::path& file) {
  std::vector<AgentEntry> entries;
  read_journal(file, [&](std::span<const std::byte> record) {
    auto entry = decode_agent_entry(record);
    const bool fits = entry && entries.empty() == std::holds_alternative<PartOpened>(*entry);
    if (!fits)
      throw JournalError(file.string() + " is no journal of an agent of this release: record " +
                         std::to_string(entries.size() + 1) +
                         " is none of its entries; read it with the release that wrote it");
    entries.push_back(std::move(*entry));
  });
  return entries;
}

}  // namespace squall::actors
