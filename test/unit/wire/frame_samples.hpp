#pragma once
// One frame of each kind with every field set, for the tests of the codec.

#include <vector>

#include "wire/repl/frames.hpp"

namespace helios::wire::repl {

inline std::vector<frame> sample_frames() {
  node_state state;
  state.node_id = "standby-sync";
  state.role = node_role::standby;
  state.mode = "sync";
  state.serving = true;
  state.number = epoch{3};
  state.written = lsn{40};
  state.flushed = lsn{39};
  state.applied = lsn{38};
  state.visible = lsn{37};
  state.lag_ms = 5;
  state.lag_bytes = 6;
  state.primary = "primary";
  state.time_us = 1234567;
  state.members = "a list";
  return {hello{1, "helios", "standby-sync", node_role::standby, std::string(32, 'c')},
          hello_reply{"primary", node_role::primary, std::string(32, 'd'), std::string(32, 'p')},
          authenticate{std::string(32, 'q'), purpose::forward},
          refusal{"cluster", "no"},
          start_stream{sync_mode::semi_sync, true, lsn{1000}, lsn{400}, {{epoch{1}, lsn{0}}, {epoch{2}, lsn{900}}}, "host", 5432, 7},
          stream_plan{stream_plan::kind::base_backup, lsn{77}, lsn{99}, 1u << 20},
          backup_chunk{4096, "page", true},
          wal_data{lsn{100}, lsn{90}, lsn{80}, -5, std::string("\0records\xff", 9), true},
          watermark{lsn{1}, lsn{2}, 3, 4},
          ack{lsn{4}, lsn{3}, lsn{2}, lsn{1}, 99},
          goodbye{"shutdown"},
          open_session{"helios", "heliosdb", "127.0.0.1", 40000, true, {{"DateStyle", "ISO"}, {"a", ""}}},
          session_opened{17, 0xdeadbeef},
          pg_bytes{"Q..."},
          session_position{lsn{555}},
          cancel{},
          state,
          member_message{std::string("\0\x01vote", 6)}};
}

}  // namespace helios::wire::repl
