#include "actors/wire/message_parts.hpp"

#include <algorithm>
#include <utility>

#include "actors/wire/limits.hpp"
#include "actors/wire/machine_codec.hpp"
#include "messages.pb.h"

namespace squall::actors {

std::string cut(const std::string& text, std::size_t limit) { return text.substr(0, limit); }

namespace {

template <class Out>
void put_labels(const std::vector<std::string>& labels, Out& out) {
  for (std::size_t i = 0; i < std::min(labels.size(), label_limit); ++i)
    out.add_labels(cut(labels[i], text_of_label));
}

void write(const Calibration& calibration, proto::Calibration& out) {
  out.set_starts_per_second(calibration.starts_per_second);
  out.set_chunks_per_second(calibration.chunks_per_second);
  out.set_pacing_error_p99(calibration.pacing_error_p99.count());
  out.set_cpu_per_start(calibration.cpu_per_start.count());
  out.set_cpu_per_chunk(calibration.cpu_per_chunk.count());
}
std::optional<Calibration> read(const proto::Calibration& in) {
  if (!is_rate(in.starts_per_second()) || !is_rate(in.chunks_per_second()) ||
      !is_duration(in.pacing_error_p99()) || !is_duration(in.cpu_per_start()) ||
      !is_duration(in.cpu_per_chunk()))
    return std::nullopt;
  return Calibration{in.starts_per_second(), in.chunks_per_second(),
                     nanoseconds(in.pacing_error_p99()), nanoseconds(in.cpu_per_start()),
                     nanoseconds(in.cpu_per_chunk())};
}

}  // namespace

void write(const scenarios::AgentShare& share, proto::Share& out) {
  out.set_index(share.index);
  out.set_count(share.count);
  out.set_width(share.width);
}

void write(const Hello& m, proto::Hello& hello) {
  hello.set_name(cut(m.name));
  hello.set_tool_version(cut(m.tool_version));
  hello.set_host(cut(m.host));
  hello.set_process_id(m.process_id);
  put_labels(m.labels, hello);
  hello.set_batches(m.batches);
  if (m.caps == AgentCaps{}) return;
  auto& caps = *hello.mutable_caps();
  caps.set_users(m.caps.users);
  caps.set_rate(m.caps.rate);
  caps.set_duration(m.caps.duration.count());
  for (std::size_t i = 0; i < std::min(m.caps.hosts.size(), label_limit); ++i)
    caps.add_hosts(cut(m.caps.hosts[i], text_of_label));
}

void write(const Ready& m, proto::Ready& ready) {
  ready.set_plan_fingerprint(m.plan_fingerprint);
  ready.set_planned_requests(m.planned_requests);
  ready.set_planned_users(m.planned_users);
  ready.set_model_name(cut(m.model_name));
  ready.set_model_fingerprint(cut(m.model_fingerprint));
  ready.set_model_is_synthetic(m.model_is_synthetic);
  ready.set_instruction_set(cut(m.instruction_set));
  ready.set_engine_threads(m.engine_threads);
  ready.set_load_time(m.load_time.count());
  ready.set_clock_error_bound(m.clock_error_bound.count());
  ready.set_model_choice(cut(m.model_choice));
  ready.set_model_origin(cut(m.model_origin));
  for (std::size_t i = 0; i < std::min(m.warnings.size(), warning_limit); ++i)
    ready.add_warnings(cut(m.warnings[i], warning_text_limit));
  ready.set_target_kind(cut(m.target_kind));
  ready.set_target_is_simulated(m.target_is_simulated);
  ready.set_target_origin(cut(m.target_origin));
  ready.set_token_counts(cut(m.token_counts));
  if (m.calibration != Calibration{}) write(m.calibration, *ready.mutable_calibration());
  if (m.hardware) write(*m.hardware, *ready.mutable_hardware());
  if (m.model_facts) write(*m.model_facts, *ready.mutable_model_facts());
}

void write(const Started& m, proto::Started& out) { out.set_start_error(m.start_error.count()); }

void write(const TakeOver& m, proto::TakeOver& order) {
  order.set_number(m.number);
  write(m.share, *order.mutable_share());
  order.set_from(m.from.count());
  order.set_ramp(m.ramp.count());
}

std::optional<scenarios::AgentShare> read(const proto::Share& in) {
  if (in.width() == 0 || in.index() >= in.count() || in.width() > in.count() - in.index())
    return std::nullopt;
  return scenarios::AgentShare{in.index(), in.count(), in.width()};
}

std::optional<Hello> read(const proto::Hello& in) {
  auto labels = take_labels(in.labels());
  auto hosts = take_labels(in.caps().hosts());
  if (!labels || !hosts || !short_enough(in.name(), in.host(), in.tool_version()) ||
      !is_count(in.batches()) || !is_count(in.caps().users()) || !is_rate(in.caps().rate()) ||
      !is_duration(in.caps().duration()))
    return std::nullopt;
  return Hello{.name = in.name(),
               .tool_version = in.tool_version(),
               .host = in.host(),
               .process_id = in.process_id(),
               .labels = std::move(*labels),
               .caps = {in.caps().users(), in.caps().rate(), nanoseconds(in.caps().duration()),
                        std::move(*hosts)},
               .batches = in.batches()};
}

std::optional<Ready> read(const proto::Ready& in) {
  const auto calibration = read(in.calibration());
  auto hardware = read(in.hardware());
  auto model_facts = read(in.model_facts());
  if (!calibration || !hardware || !model_facts ||
      !short_enough(in.model_name(), in.model_fingerprint(), in.instruction_set()) ||
      !is_count(in.planned_requests()) || !is_count(in.planned_users()) ||
      !is_duration(in.load_time()) || !is_duration(in.clock_error_bound()) ||
      !short_enough(in.model_choice(), in.model_origin(), in.target_kind(), in.target_origin(),
                    in.token_counts()))
    return std::nullopt;
  if (in.warnings_size() > static_cast<int>(warning_limit)) return std::nullopt;
  for (const std::string& warning : in.warnings())
    if (warning.size() > warning_text_limit) return std::nullopt;
  return Ready{.plan_fingerprint = in.plan_fingerprint(),
               .planned_requests = in.planned_requests(),
               .planned_users = in.planned_users(),
               .model_name = in.model_name(),
               .model_fingerprint = in.model_fingerprint(),
               .model_is_synthetic = in.model_is_synthetic(),
               .model_choice = in.model_choice(),
               .model_origin = in.model_origin(),
               .instruction_set = in.instruction_set(),
               .engine_threads = in.engine_threads(),
               .load_time = nanoseconds(in.load_time()),
               .clock_error_bound = nanoseconds(in.clock_error_bound()),
               .warnings = {in.warnings().begin(), in.warnings().end()},
               .target_kind = in.target_kind(),
               .target_is_simulated = in.target_is_simulated(),
               .target_origin = in.target_origin(),
               .token_counts = in.token_counts(),
               .calibration = *calibration,
               .hardware = in.has_hardware() ? std::move(hardware) : std::nullopt,
               .model_facts = in.has_model_facts() ? std::move(model_facts) : std::nullopt};
}

std::optional<Started> read(const proto::Started& in) {
  if (!is_instant(in.start_error())) return std::nullopt;  // a difference: may be negative
  return Started{nanoseconds(in.start_error())};
}

std::optional<TakeOver> read(const proto::TakeOver& in) {
  const auto share = read(in.share());
  if (!share || !is_duration(in.from()) || !is_duration(in.ramp())) return std::nullopt;
  return TakeOver{in.number(), *share, nanoseconds(in.from()), nanoseconds(in.ramp())};
}

}  // namespace squall::actors
