#pragma once
// Serves a page, and a stream of events, to a few viewers. A thread of its own does all of it,
// within limits of size, number and time, so that no viewer can hold anybody up; what goes wrong
// with one ends that one.

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/dashboard/server/web_access.hpp"
#include "coordinator/dashboard/server/web_connection.hpp"

namespace squall::coordinator {

class WebServer {
 public:
  /// Listens at once. `handler` is called on the server's thread. Throws WebError.
  WebServer(const WebAddress& address, WebLimits limits, WebHandler handler);
  /// Ends at once, whatever is under way.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// With the real port.
  const WebAddress& address() const { return address_; }
  /// Open streams; from any thread.
  std::size_t streams() const { return streams_; }

  /// Has `task` run on the server's thread, from any thread. What it throws is ignored.
  void post(std::function<void()> task);
  /// One more piece for each stream. On the server's thread: by tasks only.
  void broadcast(const std::string& text);
  /// Streams end when what was broadcast is written, others are answered; waits for it, but no
  /// longer than `patience`. From any other thread.
  void end_streams(std::chrono::milliseconds patience);

 private:
  /// A file descriptor, closed with its owner.
  class Descriptor {
   public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

   private:
    int number_;
  };

  struct Client {
    Client(int accepted, const WebLimits& limits, WebInstant now)
        : socket(accepted), connection(limits, now) {}
    Descriptor socket;
    WebConnection connection;
    bool input_ended = false;
    bool output_ended = false;
  };

  void serve_once();
  int wait(WebInstant now);
  void run_tasks();
  void accept_clients(WebInstant now);
  void read_from(Client& client, WebInstant now);
  void write_to(Client& client, WebInstant now);
  void drop_the_done(WebInstant now);

  WebLimits limits_;
  WebHandler handler_;
  WebAddress address_;
  Descriptor listener_, wake_;
  std::list<Client> clients_;  // on the server's thread, as what follows
  WebInstant accept_from_{};
  std::atomic<std::size_t> streams_ = 0, unsaid_ = 0;  // clients to whom not all is said
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // guards tasks_
  std::vector<std::function<void()>> tasks_;
  std::thread thread_;
};

}  // namespace squall::coordinator
