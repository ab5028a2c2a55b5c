#include "coordinator/commands/run_conduct.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <signal.h>
#include <unistd.h>

#include "actors/boot_id.hpp"
#include "actors/bridge/bridge_actor.hpp"
#include "coordinator/commands/gathering_news.hpp"
#include "coordinator/commands/own_addresses.hpp"
#include "coordinator/live/live_moment.hpp"
#include "coordinator/live/live_status.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/processes/local_agents.hpp"
#include "coordinator/processes/ssh_agents.hpp"
#include "coordinator/run/run_actor.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/thresholds/change_requests.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto local_patience = 15s;
// Of 50 ms each: agents say their seal again each second.
constexpr int looks_at_the_end = 50;

// A live view is drawn at most five times a second, and made only then.
constexpr auto frame_interval = 200ms;

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

sigset_t blocked_signals() {
  const sigset_t signals = set_of({SIGINT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH});
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// An endpoint of all interfaces as this machine itself reaches it.
std::string reachable_here(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  const std::string host = endpoint.substr(0, colon);
  const bool everywhere = host == "tcp://0.0.0.0" || host == "tcp://*" || host == "tcp://[::]";
  return (everywhere ? "tcp://127.0.0.1" : host) + endpoint.substr(colon);
}

std::string own_host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
}

class Conduct {
 public:
  Conduct(const ConductPlan& plan, RunRecord record)
      : plan_(plan), signals_(blocked_signals()), gathering_news_(plan.who) {
    link_ = bind_router(plan.listen, plan.security.router);
    record.endpoint = link_->endpoint();
    record.security = plan.security.in_words;
    record.insecure = is_insecure(record.security);
    record.boot = actors::boot_id();
    record.journal = plan.folder.journal();
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{1});
    config_.set("scheduler.max-throughput", std::size_t{300});
    system_ = std::make_unique<caf::actor_system>(config_);
    spawn_run(std::move(record));
  }

  ~Conduct() {
    caf::anon_send(run_, EndActors{});
    run_ = RunActor{};
    system_.reset();  // waits for the actors, which use what is declared after it
    terminal_.finish();
    const sigset_t of_terminal = set_of({SIGTSTP, SIGCONT, SIGWINCH});
    pthread_sigmask(SIG_UNBLOCK, &of_terminal, nullptr);
  }
  Conduct(const Conduct&) = delete;
  Conduct& operator=(const Conduct&) = delete;

  Ended wait() {
    auto outcome = finished_.get_future();
    if (plan_.resumed.empty()) {
      invite();
      start_agents();
    } else {
      tell("going on with run " + plan_.folder.run() + " at " + link_->endpoint() +
           "; its agents come back by themselves");
    }
    while (outcome.wait_for(0ms) != std::future_status::ready) {
      watch_signals();
      for (const auto& ended : local_agents_.reap())
        caf::anon_send(run_, ProcessEnded{ended.process_id, ended.how});
      for (const auto& name : link_->revoked_since()) {
        tell("the key of " + printable(name, 60) + " was revoked");
        caf::anon_send(run_, KeyRevoked{name});
      }
      watch_ssh();
      watch_wishes();
      show_progress();
    }
    terminal_.finish();
    local_agents_.wait_or_end(3s);
    ssh_agents_.wait_or_end(3s);
    // Whoever did not hear that its seal arrived says it again, and is answered. Without that it
    // would wait for its whole patience, and then tell that nobody has its figures.
    const bool others = plan_.who.from_elsewhere || !plan_.resumed.empty();
    for (int i = 0; others && !interrupted_ && i < looks_at_the_end; ++i) watch_signals();
    return outcome.get();
  }

 private:
  struct Progress {
    LiveStatus status;
    std::vector<AgentThere> there;
    bool began = false;
  };

  struct Answer {
    std::uint64_t number = 0;
    std::string mistake, told;
  };

  void spawn_run(RunRecord record) {
    RunActorParts parts;
    // By reference: actors begin on their own threads, perhaps when system_ is being let go
    // already.
    parts.make_bridge = [&system = *system_, link = link_](RunActor run) {
      return system.spawn(bridge_actor, link, caf::actor_cast<BridgeListener>(run), Sender::agent);
    };
    // Made here, where what is wrong with them can still be told; handed over by the first call.
    auto phases = std::make_shared<RunPhases>(make_phases(std::move(record)));
    phases->resolve_thresholds_by(plan_.thresholds);
    parts.make_phases = [phases](Instant) { return std::move(*phases); };
    const auto journal =
        plan_.journal
            ? plan_.journal
            : std::make_shared<std::unique_ptr<Journal>>(create_journal(plan_.folder.journal()));
    parts.make_journal = [journal] { return std::move(*journal); };
    parts.turned_away = [link = link_] { return link->counters(); };
    parts.on_progress = [this](const RunPhases& run, Instant now) {
      if (!look_wanted_.exchange(false)) return;
      Progress progress{source_.look(run.record(), live_moment(run, now), now), agents_there(run),
                        run.record().began};
      if (plan_.on_look) plan_.on_look(run.record(), progress.status, now);
      const std::lock_guard lock(mutex_);
      progress_ = std::move(progress);
    };
    parts.on_threshold_answer = [this](std::uint64_t number, const ThresholdAnswer& answer) {
      const std::lock_guard lock(mutex_);
      answers_.push_back({number, answer.mistake, answer.told});
    };
    parts.on_finished = [this](RunRecord done, bool broken_by_user) {
      finished_.set_value({std::move(done), broken_by_user});
    };
    run_ = system_->spawn(run_actor, std::move(parts));
  }

  RunPhases make_phases(RunRecord record) {
    const Instant now = system_->clock().now();
    if (!plan_.resumed.empty())
      return RunPhases::resumed(plan_.resumed, FabricTimes{}, now, record.boot, own_host_name());
    Gathering gathering{
        .agents = plan_.who.agents, .wait = plan_.who.wait, .names = plan_.who.names};
    gathering.host = own_host_name();
    // Whoever is started here comes at once or not at all.
    if (!plan_.who.from_elsewhere && plan_.who.ssh.empty()) gathering.patience = local_patience;
    return {std::move(record), std::move(gathering), FabricTimes{}, now};
  }

  void invite() {
    if (!plan_.who.from_elsewhere) return;
    const auto& router = plan_.security.router;
    const Entrance entrance{link_->endpoint(), router.keys, router.allow_plain_anywhere,
                            own_addresses()};
    for (const auto& line : invitation(entrance, plan_.who)) tell(line);
  }

  void start_agents() {
    const std::string endpoint = link_->endpoint();
    const auto& keys = plan_.security.router.keys;
    local_agents_.start({.count = plan_.who.local,
                         .endpoint = reachable_here(endpoint),
                         .pairs = plan_.security.local_pairs,
                         .coordinator_key = keys.empty() ? keys : keys / "coordinator.pub",
                         .insecure = plan_.security.router.allow_plain_anywhere,
                         .labels = plan_.labels,
                         .state = plan_.state});
    SshPlan ssh;
    if (const char* other = std::getenv("SQUALL_SSH"); other != nullptr && *other != '\0')
      ssh.ssh = other;
    ssh.hosts = plan_.who.ssh;
    ssh.names = names_of_hosts(ssh.hosts);
    ssh.program = plan_.ssh_program;
    ssh.labels = plan_.labels;
    ssh.coordinator = reachable_here(endpoint).substr(std::string("tcp://").size());
    ssh.keys = plan_.security.has_keys();
    ssh_agents_.start(std::move(ssh));
  }

  void watch_signals() {
    const timespec patience{0, 50'000'000};
    switch (sigtimedwait(&signals_, nullptr, &patience)) {
      case SIGINT:
      case SIGTERM:
        return interrupt();
      case SIGTSTP:
        return stop_until_continued();
      case SIGCONT:
        return terminal_.continued();
      case SIGWINCH:
        resized_ = true;  // dragged, it has many sizes a second
        return;
      default:
        if (terminal_.read_keys() == KeyWish::quit && !interrupted_) interrupt();
    }
  }

  void interrupt() {
    if (interrupted_) {  // asked twice: end at once
      local_agents_.wait_or_end(0ms);
      ssh_agents_.wait_or_end(0ms);
      terminal_.finish();
      _exit(130);
    }
    interrupted_ = true;
    tell("\ninterrupted: draining briefly (Ctrl-C again to end at once)");
    caf::anon_send(run_, Interrupt{});
  }

  /// Ctrl-Z: the shell gets its terminal as it was, and stops us.
  void stop_until_continued() {
    terminal_.finish();
    const sigset_t stop = set_of({SIGTSTP});
    raise(SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);  // here it takes effect
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  }

  void watch_ssh() {
    for (const auto& news : ssh_agents_.poll()) {
      // While they gather, nobody else comes in its place: unless whoever comes in time will do,
      // there is nothing to wait for. No process here has the number 0.
      if (news.ended && !all_told_ && !plan_.who.wait)
        caf::anon_send(run_, ProcessEnded{0, printable(*news.ended, 500)});
      else if (!news.ended_well)
        tell(printable(news.name, 60) + ": " + printable(news.ended.value_or(news.line), 500));
    }
  }

  /// Of whoever types squall thresholds set.
  void watch_wishes() {
    for (const auto& wish : inbox_.poll())
      caf::anon_send(run_, ChangeThreshold{wish.number, wish.text, wish.unset});
    std::vector<Answer> answers;
    {
      const std::lock_guard lock(mutex_);
      answers.swap(answers_);
    }
    for (const Answer& answer : answers) {
      const bool accepted = answer.mistake.empty();
      inbox_.answer(answer.number, accepted, accepted ? answer.told : answer.mistake);
      if (accepted) tell("thresholds: " + printable(answer.told, 300));
    }
  }

  void show_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_look_ >= frame_interval) {
      last_look_ = now;
      look_wanted_ = true;
      if (std::exchange(resized_, false)) terminal_.refresh();
    }
    auto progress = newest_progress();
    if (!progress) return;
    if (plan_.who.from_elsewhere)
      for (const auto& line : gathering_news_.update(progress->there)) tell(line);
    if (progress->began && plan_.on_began && !std::exchange(began_told_, true))
      if (const auto news = plan_.on_began(); !news.empty()) tell("squall: " + news);
    terminal_.show(progress->status);
  }

  /// A line of its own above the live view.
  void tell(const std::string& line) { terminal_.tell(line); }

  std::optional<Progress> newest_progress() {
    const std::lock_guard lock(mutex_);
    return std::exchange(progress_, std::nullopt);
  }

  /// While they gather; who came is no news later.
  std::vector<AgentThere> agents_there(const RunPhases& phases) {
    std::vector<AgentThere> there;
    if (all_told_) return there;
    const auto add = [&](const Hello& hello, const std::string& identity) {
      there.push_back({hello.name, hello.host, identity, hello.labels});
    };
    for (const auto& [epoch, each] : phases.gathering().candidates())
      add(each.hello, each.identity);
    for (const auto& each : phases.record().agents) add(each.hello, each.identity);
    all_told_ = !phases.record().agents.empty();
    return there;
  }

  const ConductPlan& plan_;
  sigset_t signals_;
  std::shared_ptr<ZmqLink> link_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  LocalAgents local_agents_;
  SshAgents ssh_agents_;
  Terminal terminal_{stderr, STDIN_FILENO};
  std::chrono::steady_clock::time_point last_look_;
  std::atomic<bool> look_wanted_ = false;  // by this thread; the actor's makes what is looked at
  LiveStatusSource source_;                // of the actor's thread
  GatheringNews gathering_news_;
  ChangeInbox inbox_{plan_.folder};
  std::promise<Ended> finished_;
  RunActor run_;
  bool interrupted_ = false;
  bool resized_ = false;
  bool began_told_ = false;
  std::mutex mutex_;  // guards what crosses from the actor's thread: progress_, answers_
  std::vector<Answer> answers_;
  std::optional<Progress> progress_;
  std::atomic<bool> all_told_ = false;  // the gathering is over; set by the actor's thread
};

}  // namespace

Ended conduct_run(const ConductPlan& plan, RunRecord record) {
  return Conduct(plan, std::move(record)).wait();
}

}  // namespace squall::coordinator
