-- Clicks of a link on a day in UTC.
CREATE TABLE IF NOT EXISTS link_days (
  link_id BIGINT UNSIGNED NOT NULL,
  day DATE NOT NULL,
  clicks BIGINT UNSIGNED NOT NULL,
  last_click_at DATETIME NOT NULL COMMENT 'UTC',
  PRIMARY KEY (link_id, day)
) ENGINE = InnoDB;
