#include "tests/simulation/simulated_agent.hpp"

#include <utility>

#include "actors/wire/message_codec.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using namespace actors;
using agents::AgentEffects;
namespace effect = agents::effect;

namespace {

constexpr nanoseconds calibration = 1s;
constexpr nanoseconds longest_preparation = 800ms;

Hello hello_of(const SimulatedAgent::Birth& birth) {
  return {.name = birth.machine.name,
          .tool_version = "1",
          .host = "machine",
          .process_id = birth.process_id,
          .labels = birth.machine.labels};
}

std::vector<AgentEntry> entries_of(const SimulatedDisk& disk, const std::string& file) {
  std::vector<AgentEntry> entries;
  for (const Bytes& record : disk.records(file))
    entries.push_back(decode_agent_entry(record).value());
  return entries;
}

}  // namespace

SimulatedAgent::SimulatedAgent(const Around& around, const Birth& birth)
    : around_(around),
      who_(birth.machine.name + "/" + std::to_string(birth.process_id) +
           (birth.hands_over.empty() ? "" : " (hand-over)")),
      process_id_(birth.process_id),
      disk_(birth.disk),
      process_(around.queue, birth.machine.clock, around.world.seed * 1009 + birth.process_id),
      link_(around.hub.agent(who_)),
      journal_file_(birth.hands_over),
      run_(make_run(birth)),
      load_(process_, {.submitted =
                           [this](const LoadRequest& request) {
                             around_.referee.request_submitted(run_.epoch(), request);
                           },
                       .first_start =
                           [this](nanoseconds late) {
                             mail_.push_back([this, late] { return run_.on_first_start(late); });
                           }}) {
  if (!journal_file_.empty()) journal_ = disk_.open(journal_file_);
  around_.referee.agent_begins(run_.epoch(), birth.machine.name, birth.machine.clock);
  link_->start([this](Arrival arrival) {
    process_.post(SimulatedProcess::wire, [this, arrival = std::move(arrival)] { hear(arrival); });
  });
  tell("begins");
  process_.post_after(SimulatedProcess::timer, 0ns, [this] { tick(process_.now()); });
}

agents::AgentRun SimulatedAgent::make_run(const Birth& birth) const {
  const Instant now = birth.machine.clock.at(around_.queue.now());
  const FabricTimes& times = around_.world.agents_times;
  if (birth.hands_over.empty()) return agents::AgentRun(hello_of(birth), birth.epoch, times, now);
  return agents::AgentRun::handing_over(entries_of(birth.disk, birth.hands_over), times, now);
}

// ---- what happens to it

void SimulatedAgent::interrupt() {
  process_.post(SimulatedProcess::timer, [this] {
    const bool again = std::exchange(asked_to_end_, true);
    tell(again ? "is interrupted" : "is asked to end");
    turn(again ? run_.on_interrupt() : run_.on_asked_to_end(process_.now()));
  });
}

void SimulatedAgent::babble() {
  if (!process_.alive()) return;
  for (int i = 0; i < 8; ++i) link_->send({}, Bytes(17, std::byte{0xee}));
}

void SimulatedAgent::stop() { process_.stop(); }

void SimulatedAgent::go_on() {
  if (process_.stopped()) process_.go_on();
}

void SimulatedAgent::crash() {
  if (!process_.alive()) return;
  tell("crashes");
  process_.kill();
  around_.hub.disconnect(who_);
  journal_.reset();
}

void SimulatedAgent::hear(const Arrival& arrival) {
  auto decoded = decode(arrival.frame, Sender::coordinator);
  if (const auto* error = std::get_if<DecodeError>(&decoded))
    return turn(run_.on_protocol_error(error->text));
  const auto& envelope = std::get<Envelope>(decoded);
  const auto* message = std::get_if<CoordinatorMessage>(&envelope.message);
  if (message == nullptr || envelope.epoch != run_.epoch()) return;
  if (around_.course.read()) tell("hears " + in_words(*message));
  if (const auto* lease = std::get_if<LeaseRenewed>(message)) {
    around_.referee.beat_answered(run_.epoch(), lease->beat_sent);
    around_.referee.acknowledgement_heard(run_.epoch(), lease->acknowledged_batch);
  }
  if (const auto* batch = std::get_if<BatchAcknowledged>(message))
    around_.referee.acknowledgement_heard(run_.epoch(), batch->sequence);
  turn(run_.on_message(*message, envelope.run, process_.now()));
}

void SimulatedAgent::tick(Instant due) {
  turn(run_.on_tick(due, process_.now()));
  schedule_tick();
}

void SimulatedAgent::schedule_tick() {
  if (!process_.alive()) return;
  const Instant due = run_.next_tick(process_.now());
  process_.post_at(SimulatedProcess::timer, due, [this, due] { tick(due); });
}

// ---- what it wants done

void SimulatedAgent::turn(AgentEffects effects) {
  perform(effects);
  if (std::exchange(in_turn_, true)) return;
  while (!mail_.empty() && process_.alive()) {
    const auto next = std::move(mail_.front());
    mail_.pop_front();
    perform(next());
  }
  in_turn_ = false;
}

void SimulatedAgent::perform(const AgentEffects& effects) {
  try {
    for (const auto& each : effects) {
      if (!process_.alive()) return;
      perform_one(each);
    }
  } catch (const JournalError& error) {  // the rest of the list is not done
    tell(std::string("cannot write: ") + error.what());
    journal_failed_ = true;
    perform(run_.on_journal_failed(error.what(), process_.now()));
  }
}

void SimulatedAgent::perform_one(const agents::AgentEffect& any) {
  if (const auto* message = std::get_if<effect::Send>(&any)) {
    send(message->message);
  } else if (const auto* entry = std::get_if<effect::Keep>(&any)) {
    keep(entry->entry);
  } else if (const auto* order = std::get_if<effect::PrepareTarget>(&any)) {
    prepare(*order);
  } else if (std::holds_alternative<effect::Calibrate>(any)) {
    process_.post_after(SimulatedProcess::timer, calibration, [this] {
      turn(run_.on_calibrated({.starts_per_second = 1e6, .chunks_per_second = 1e7}));
    });
  } else if (const auto* load = std::get_if<effect::BeginLoad>(&any)) {
    begin(*load);
  } else if (const auto* share = std::get_if<effect::AddShare>(&any)) {
    tell("adds a share");
    load_.add_share(share->plan);
  } else if (const auto* lease = std::get_if<effect::LeaseUntil>(&any)) {
    load_.lease_until(lease->until);
  } else if (std::holds_alternative<effect::PauseLoad>(any)) {
    tell("pauses");
    load_.pause();
  } else if (std::holds_alternative<effect::StopUsers>(any)) {
    load_.stop();
    mail_.push_back([this] { return run_.on_users_stopped(process_.now()); });
  } else if (const auto* abandon = std::get_if<effect::AbandonOpen>(&any)) {
    load_.abandon_open(abandon->outcome);
  } else if (const auto* check = std::get_if<effect::CheckAnswers>(&any)) {
    check_answers(check->until);
  } else if (const auto* snapshot = std::get_if<effect::TakeSnapshot>(&any)) {
    mail_.push_back([this, until = snapshot->until] {
      return run_.on_snapshot(load_.take_snapshot(until), process_.now());
    });
  } else if (std::holds_alternative<effect::ConnectAnew>(any)) {
    tell("connects anew");
    link_->reconnect();
  } else if (const auto* leaving = std::get_if<effect::Leave>(&any)) {
    leave(*leaving);
  }
}

void SimulatedAgent::check_answers(Instant until) {
  const nanoseconds left = until - process_.now();
  if (left <= 0ns)
    return mail_.push_back([this] { return run_.on_answers_checked(process_.now()); });
  tell("asks again");
  // Some are not done in time.
  const nanoseconds takes(static_cast<std::int64_t>(process_.random().uniform() * 1.2 *
                                                    static_cast<double>(left.count())));
  process_.post_after(SimulatedProcess::timer, std::min(takes, left),
                      [this] { turn(run_.on_answers_checked(process_.now())); });
}

void SimulatedAgent::keep(const AgentEntry& entry) {
  if (std::holds_alternative<PartOpened>(entry)) {
    journal_file_ = who_;
    journal_ = disk_.open(journal_file_);
  }
  if (!journal_) throw JournalError("the journal was never begun");
  journal_->append(encode(entry));
  if (std::holds_alternative<PartSealed>(entry))
    journal_->sync();
  else
    journal_->commit();
  if (const auto* batch = std::get_if<BatchTaken>(&entry))
    around_.referee.batch_taken(run_.epoch(), batch->batch);
  if (const auto* seal = std::get_if<PartSealed>(&entry))
    around_.referee.sealed(run_.epoch(), seal->sealed);
}

void SimulatedAgent::send(const AgentMessage& message) {
  if (around_.course.read()) tell("says " + in_words(message));
  if (const auto* seal = std::get_if<Sealed>(&message); seal != nullptr && journal_failed_)
    around_.referee.sealed(run_.epoch(), *seal);
  if (const auto* ready = std::get_if<Ready>(&message)) clock_error_ = ready->clock_error_bound;
  if (const auto* batch = std::get_if<MetricsBatch>(&message)) {
    if (journal_failed_) around_.referee.batch_unwritten(run_.epoch(), *batch);
    around_.referee.batch_sent(run_.epoch(), batch->sequence);
    if (around_.world.plant == Plant::reset_before_send)
      mail_.push_back([this, sequence = batch->sequence] {
        return run_.on_message(BatchAcknowledged{sequence}, run_.run(), process_.now());
      });
  }
  link_->send({}, encode(Envelope{run_.run(), run_.epoch(), message}));
}

void SimulatedAgent::prepare(const effect::PrepareTarget& order) {
  const nanoseconds takes(static_cast<std::int64_t>(
      process_.random().uniform() * static_cast<double>(longest_preparation.count())));
  process_.post_after(SimulatedProcess::timer, takes, [this, order] {
    const std::string trouble = load_.prepare(order.scenario, order.share);
    if (!trouble.empty()) return turn(run_.on_target_failed(trouble, true));
    agents::PreparedTarget target;
    target.model_name = "simulated service times";
    target.kind = "simulated";
    target.simulated = true;
    turn(run_.on_target_ready(target, process_.now()));
  });
}

void SimulatedAgent::begin(const effect::BeginLoad& order) {
  tell("begins its load");
  around_.referee.load_begins(run_.epoch(), order.start, clock_error_);
  load_.begin(order.plan, order.start);
}

void SimulatedAgent::leave(const effect::Leave& order) {
  tell("leaves with " + std::to_string(order.exit_code) +
       (order.why.empty() ? "" : ": " + order.why));
  around_.referee.agent_left(run_.epoch(), order.exit_code);
  process_.kill();
  around_.hub.disconnect(who_);
  journal_.reset();
}

void SimulatedAgent::tell(const std::string& what) const {
  around_.course.tell(around_.queue.now(), who_, what);
}

}  // namespace squall::tests
