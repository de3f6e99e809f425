// Sets the remembered theme before the first paint; as a file because the policy allows no inline
// script. The key and the values are those of src/stores/preferences.ts.
(() => {
  try {
    const theme = localStorage.getItem('luffy.theme')
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  } catch {
    // Storage is blocked in this browser: the system's preference stays in force.
  }
})()
