/** Names that package.json and the code share. A unit test compares the two. */
export const notebookType = 'gradient-doctor-notebook';
export const cellLanguage = 'gradient-doctor-experiment';
export const rendererId = 'gradient-doctor-run';
